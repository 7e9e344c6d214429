import type { AgentError } from '../client/agent-client.ts';

/** What the process says with its exit code. The README's table is this one. */
export const EXIT = {
  ok: 0,
  /** A defect or a failure with no code of its own. */
  failure: 1,
  /** Wrong arguments or a wrong configuration: nothing was started. */
  usage: 2,
  /** No agent answers on the socket. */
  notRunning: 3,
  /** This user may not open the socket, or a rule denies it. */
  notPermitted: 4,
  /** No role is attached to the instance, or it was detached. */
  noRole: 5,
  /** No usable credentials at the moment: not fetched yet, or expired with nothing newer. */
  notAvailable: 6,
  /** No answer within the deadline. */
  timeout: 7,
  /** Another agent already listens on the socket. */
  alreadyRunning: 8,
  /** The packet rules in force are not the configured ones. */
  otherRules: 9,
  /** The doctor's worst finding is a warning: consumers are served, and something will hurt some of them. */
  warned: 10,
  /** The doctor's worst finding is a problem: somebody is not served. */
  unwell: 11,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function exitCodeOf({ problem }: AgentError): ExitCode {
  if (problem === 'not-running') return EXIT.notRunning;
  return problem === 'not-permitted' ? EXIT.notPermitted : EXIT.timeout;
}

/** For an answer of the agent that is not 200, by the code in its body. */
export function exitCodeOfRefusal(code: string | undefined): ExitCode {
  if (code === 'no-role' || code === 'role-detached') return EXIT.noRole;
  if (code === 'access-denied') return EXIT.notPermitted;
  return code === 'credentials-pending' || code === 'credentials-expired' ? EXIT.notAvailable : EXIT.failure;
}
