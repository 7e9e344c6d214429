import { parseDuration } from '../domain/duration.ts';
import type { Fault } from './fault.ts';
import { faultKinds, faultRules } from './fault-rules.ts';
import { InputError } from './input-error.ts';
import { readFault } from './read-fault.ts';

/**
 * Reads a fault as a flag gives it: `KIND[=VALUE][@REQUESTKIND[,REQUESTKIND]][*TIMES]`, such as `delay=2s@token`,
 * `status=503@document*2`, `code=AssumeRoleUnauthorizedAccess` or `date-skew=-90s`. Lengths of time carry their unit.
 * @throws InputError as `readFault` does
 */
export function readFaultText(text: string): Fault {
  const parts = /^([^=@*]+)(?:=([^@*]*))?(?:@([a-z,]+))?(?:\*(\d{1,9}))?$/.exec(text);
  const [, kind, value, on, times] = parts ?? [];
  const known = faultKinds.find((candidate) => candidate === kind);
  if (known === undefined) {
    throw new InputError(
      `Not a fault: ${JSON.stringify(text)}. Expected KIND[=VALUE][@REQUESTKIND][*TIMES], KIND one of ${faultKinds.join(', ')}`,
    );
  }
  const name = faultRules[known].value?.name ?? 'value';
  return readFault({
    kind: known,
    ...(value === undefined ? {} : { [name]: typedValue(name, value) }),
    ...(on === undefined ? {} : { on: on.split(',') }),
    ...(times === undefined ? {} : { times: Number(times) }),
  });
}

/** What cannot be read stays text, so that `readFault` refuses it and quotes it as it was written. */
function typedValue(name: string, text: string): string | number {
  if (name === 'status') return /^\d+$/.test(text) ? Number(text) : text;
  if (name !== 'ms') return text;
  const length = parseDuration(text.replace(/^[-+]/, ''));
  return length === undefined ? text : text.startsWith('-') ? -length : length;
}
