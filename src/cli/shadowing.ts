/**
 * What makes programs pass rolekeeper by: every SDK takes the first source of credentials that is configured, and keys in
 * the environment or in a profile come before a credential process, the container endpoint and IMDS. Names, paths and
 * process ids only: no value leaves this file.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { readProfile } from '../domain/profile-section.ts';
import { type Accounts, accounts } from '../platform/accounts.ts';
import { readPlainFile } from '../platform/plain-file.ts';
import { type ProcessEnvironment, processEnvironments } from '../platform/process-environments.ts';
import { type ProcessFacts, processFacts } from '../platform/process-facts.ts';
import { KEYS } from './conflicting-variables.ts';

export interface Shadowing {
  readonly profiles: readonly ShadowingProfile[];
  readonly processes: readonly ShadowingProcesses[];
  /** What this user may not look into, so that nothing can be said about it. */
  readonly unreadable: {
    /** Users whose files were not to be read, by name. */
    readonly users: readonly string[];
    readonly processes: number;
  };
}

/** A `[default]` profile with keys of its own. */
export interface ShadowingProfile {
  readonly user: string;
  readonly file: string;
}

/** Processes of one user and program that were started with the same of these variables. */
export interface ShadowingProcesses {
  readonly user: string;
  /** Absolute path, where it can be known. */
  readonly program?: string;
  /** Which variables, by name. */
  readonly variables: readonly string[];
  /** They came with an expiration, as those from `rolekeeper exec` and `export` do: they end by themselves. */
  readonly expiring: boolean;
  /** In rising order, the first few of them. */
  readonly pids: readonly number[];
  readonly count: number;
}

export interface ShadowingWorld {
  readonly accounts?: Pick<Accounts, 'homes' | 'userName'>;
  readonly environments?: () => Iterable<ProcessEnvironment>;
  readonly facts?: Pick<ProcessFacts, 'exe'>;
  /** This process: what it was started with is no finding. */
  readonly pid: number;
  /** Files that the agent writes: keys in there are its own. */
  readonly ownFiles?: ReadonlySet<string>;
}

/** Before every surface of rolekeeper in the SDKs' usual order, beside the keys: a set of another role, or the task's own. */
const OTHER_SOURCES = ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
const SHADOWING: readonly string[] = [...KEYS, ...OTHER_SOURCES];
const EXPIRATION = 'AWS_CREDENTIAL_EXPIRATION';
/** The SDKs read keys in both of them; `credentials` first. */
const FILES = ['.aws/credentials', '.aws/config'];
const MOST_PIDS = 8;

/** Looks at every local user's files and at every process that this user may look into. Never throws. */
export function findShadowing(world: ShadowingWorld): Shadowing {
  const { accounts: users = accounts(), facts = processFacts() } = world;
  const environments = world.environments ?? processEnvironments;
  const profiles = findProfiles(users.homes(), world.ownFiles ?? new Set());
  const groups = new Map<string, { pids: number[] } & Omit<ShadowingProcesses, 'pids' | 'count'>>();
  let hidden = 0;
  for (const { pid, uid, names } of environments()) {
    if (names === undefined) hidden += 1;
    const variables = SHADOWING.filter((name) => names?.has(name));
    if (variables.length === 0 || pid === world.pid) continue;
    const user = users.userName(uid) ?? String(uid);
    const program = facts.exe(pid);
    const expiring = names?.has(EXPIRATION) === true;
    const key = JSON.stringify([user, program, variables, expiring]);
    const group = groups.get(key) ?? { user, ...(program && { program }), variables, expiring, pids: [] };
    group.pids.push(pid);
    groups.set(key, group);
  }
  return {
    profiles: profiles.found,
    processes: [...groups.values()].map(({ pids, ...group }) => ({
      ...group,
      pids: pids.toSorted((a, b) => a - b).slice(0, MOST_PIDS),
      count: pids.length,
    })),
    unreadable: { users: profiles.unreadable, processes: hidden },
  };
}

function findProfiles(homes: ReturnType<Accounts['homes']>, ownFiles: ReadonlySet<string>) {
  const found: ShadowingProfile[] = [];
  const unreadable = new Set<string>();
  const seen = new Set<string>();
  for (const { user, path } of homes) {
    for (const name of FILES) {
      const file = join(path, name);
      if (seen.has(file)) continue;
      seen.add(file);
      try {
        const real = realpathSync(file);
        if (!ownFiles.has(real) && !ownFiles.has(file) && hasKeys(real)) found.push({ user, file });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EACCES' || code === 'EPERM') unreadable.add(user);
      }
    }
  }
  return { found, unreadable: [...unreadable] };
}

function hasKeys(path: string): boolean {
  const text = readPlainFile(path)?.text;
  if (text === undefined) return false;
  return ['default', 'profile default'].some((section) => {
    return (readProfile(text, section)?.get('aws_access_key_id') ?? '') !== '';
  });
}
