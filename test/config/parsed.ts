import type { Parsed } from '../../src/config/value-types.ts';

/** The value, of a text that is expected to be good. */
export function value<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(`Refused: ${parsed.rule}`);
  return parsed.value;
}

/** Rule and next step, of a text that is expected to be refused. */
export function refusal(parsed: Parsed<unknown>): { rule: string; nextStep: string } {
  if (parsed.ok) throw new Error(`Accepted as ${String(parsed.value)}`);
  return { rule: parsed.rule, nextStep: parsed.nextStep };
}
