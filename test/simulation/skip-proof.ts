import type { History } from './history.ts';
import { simulate } from './simulate.ts';

/**
 * Lives through a history twice, with calm checks passed over and with every one of them made, and says where the two
 * lives first differ: in what was shown, what was logged, when. Undefined where they do not. Jitter is put in its
 * middle, since a check that is not made draws no random number.
 */
export async function differenceBySkipping(history: History): Promise<string | undefined> {
  const [skipped, made] = [await traceOf(history, true), await traceOf(history, false)];
  const length = Math.max(skipped.length, made.length);
  for (let at = 0; at < length; at++) {
    if (skipped[at] === made[at]) continue;
    return `line ${at + 1} is ${made[at] ?? 'not there'}; with calm checks passed over it is ${skipped[at] ?? 'not there'}`;
  }
  return undefined;
}

async function traceOf(history: History, skip: boolean): Promise<readonly string[]> {
  const lines: string[] = [];
  const outcome = await simulate(history, { skip, jitter: 'none', trace: (line) => lines.push(line) });
  for (const { invariant, what } of outcome.violations) lines.push(`violation of ${invariant}: ${what}`);
  return lines;
}
