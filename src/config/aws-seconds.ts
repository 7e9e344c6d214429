import { durationBetween, type Milliseconds, type ValueType } from './value-types.ts';

/** AWS's variables give durations as a bare number of seconds: botocore reads whole ones, others also decimals. */
export function awsSeconds(least: string, most: string): ValueType<Milliseconds> {
  const duration = durationBetween(least, most);
  const rule = `must be a number of seconds, and a duration from ${least} to ${most}`;
  return {
    fileKind: 'string',
    rule,
    parse(text) {
      const parsed = duration.parse(`${text}s`);
      return parsed.ok
        ? parsed
        : { ok: false, rule, nextStep: 'Write such a number without a unit, as 1 or 2.5.' };
    },
    format: duration.format,
  };
}
