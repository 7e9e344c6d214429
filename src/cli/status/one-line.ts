import type { EpochMs } from '../../domain/ports.ts';
import { formatTimestamp } from '../../domain/timestamps.ts';
import { type StatusReport, shown } from './report.ts';
import { longTime } from './words.ts';

/** The state in one line, for a pipe or a file. */
export function statusLine(report: StatusReport, now: EpochMs): string {
  const { phase, serving, condition, reason, role, key_id: key, generation, expiration } = report;
  const left = expiration === undefined ? undefined : Date.parse(expiration) - now;
  return shown(
    [
      formatTimestamp(now),
      phase,
      serving ? 'serving' : 'not-serving',
      reason === undefined ? condition : `${condition}:${reason}`,
      ...(role === undefined ? [] : [`role=${role}`]),
      ...(key === undefined ? [] : [`key=${key}`]),
      `generation=${generation}`,
      ...(expiration === undefined ? [] : [`expires=${expiration}`]),
      ...(left === undefined ? [] : [`left=${longTime(left).replace(' ', '')}`]),
    ].join(' '),
  );
}

/** Equal for two reports between which nothing happened but time: what is worth a line of its own. */
export function stateOf(report: StatusReport): string {
  const { pid, phase, serving, condition, reason, role, key_id, generation, advertised_expiration } = report;
  return JSON.stringify([
    pid,
    phase,
    serving,
    condition,
    reason,
    role,
    key_id,
    generation,
    advertised_expiration,
  ]);
}
