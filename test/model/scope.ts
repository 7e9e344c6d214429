/**
 * What may happen in a search. Everything at once grows by a factor of four with each step; a scope that leaves out
 * what has little to do with each other goes deeper in the same time.
 */
export interface Scope {
  readonly name: string;
  readonly about: string;
  /** Roles are replaced, detached and attached. Sets are rotated in every scope. */
  readonly roles: boolean;
  /** Time passes and the wall clock is stepped. */
  readonly time: boolean;
  /** Time also stops at both windows, where only the pace of checks changes; chance draws the most, too, not only the least. */
  readonly fine: boolean;
  /** The disk fills, and a process is killed between two file operations. */
  readonly files: boolean;
  /** IMDS answers badly, and something can happen between two requests of a check. */
  readonly requests: boolean;
  /** How many more steps than everything can be gone in comparable time. */
  readonly deeper: number;
}

export const SCOPES = {
  everything: {
    name: 'everything',
    about: 'all there is',
    roles: true,
    time: true,
    fine: true,
    files: true,
    requests: true,
    deeper: 0,
  },
  roles: {
    name: 'roles',
    about: 'roles, bad answers, files and kills, at one moment',
    roles: true,
    time: false,
    fine: true,
    files: true,
    requests: true,
    deeper: 3,
  },
  clocks: {
    name: 'clocks',
    about: 'one role, time, clock steps and kills, checks as one step each',
    roles: false,
    time: true,
    fine: false,
    files: false,
    requests: false,
    deeper: 3,
  },
} as const satisfies Record<string, Scope>;
