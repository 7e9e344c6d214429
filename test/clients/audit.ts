import type { CallerRow } from '../../src/access/callers-document.ts';
import { userId } from '../../src/platform/groups.ts';
import { rolekeeper } from '../support/child.ts';
import { userOf } from './cells.ts';
import { lastWords } from './journal.ts';
import type { Program } from './programs.ts';
import type { Stage } from './stage.ts';
import type { Surface } from './surfaces.ts';
import { DENIED_USER } from './users.ts';

export interface Tried {
  readonly program: Program;
  readonly surface: Surface;
}

/** What is wrong with what the agent tells of programs that were run by a user who is allowed, and by one who is not. */
export async function auditProblem(stage: Stage, tried: readonly Tried[]): Promise<string | undefined> {
  const command = [...rolekeeper, 'callers', '--json'];
  const { code, stdout, stderr } = await stage.run('rolekeeper callers', command, stage.env);
  if (code !== 0) return `rolekeeper callers ended with ${code}: ${lastWords(stderr)}`;
  const rows: readonly CallerRow[] = JSON.parse(stdout).callers;
  const log = stage.agent.child.stderr();
  return tried
    .flatMap((each) => [
      rowProblem(rows, each, userOf(each.surface) ?? 'root', (row) => row.denied < row.requests),
      rowProblem(rows, each, DENIED_USER, isAlwaysDenied),
      logProblem(log, 'Access allowed', userOf(each.surface) ?? 'root'),
      logProblem(log, 'Access denied: see rolekeeper callers, and rolekeeper access test', DENIED_USER),
    ])
    .find((problem) => problem !== undefined);
}

function isAlwaysDenied({ denied, requests, last_verdict }: CallerRow): boolean {
  return requests > 0 && denied === requests && last_verdict === 'access-denied';
}

function rowProblem(
  rows: readonly CallerRow[],
  { program: { name, userAgent } }: Tried,
  user: string,
  isAsMeant: (row: CallerRow) => boolean,
): string | undefined {
  const own = rows.filter(
    ({ uid, surface, user_agent }) =>
      uid === userId(user) &&
      surface === 'imds_endpoint' &&
      (userAgent?.test(user_agent ?? '') ?? !user_agent),
  );
  if (own.length > 0 && own.every(isAsMeant)) return undefined;
  return `${name} as ${user} is not told of as it was, only ${JSON.stringify(own.length > 0 ? own : rows)}`;
}

function logProblem(log: string, message: string, user: string): string | undefined {
  const lines = log.split('\n').filter((line) => line.includes(message) && line.includes('imds_endpoint'));
  const isTold = lines.some((line) => new RegExp(`\\buid\\W+${userId(user)}\\b`).test(line));
  return isTold ? undefined : `the log has no "${message}" of ${user}, only ${JSON.stringify(lines)}`;
}
