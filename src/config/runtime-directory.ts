import { type Environment, variable } from './environment.ts';
import { shown } from './shown.ts';

/** An absolute path without a trailing slash, and who named it; or a sentence that says what is wrong and what to do. */
export type RuntimeDirectory =
  | { readonly ok: true; readonly path: string; readonly origin: string }
  | { readonly ok: false; readonly error: string };

export const SYSTEM_RUNTIME_DIRECTORY = '/run/rolekeeper';

export interface AgentsView {
  /** What `--runtime-dir` was given. */
  readonly flag?: string | undefined;
  readonly env: Environment;
  /** The agent's user. */
  readonly uid: number;
}

/**
 * Where the agent keeps its sockets and files: `--runtime-dir`, ROLEKEEPER_RUNTIME_DIR, the first of RUNTIME_DIRECTORY
 * (systemd.exec(5): colon-separated, set for units with RuntimeDirectory=), /run/rolekeeper for root, else a directory
 * of the user's own. The directory need not exist.
 */
export function agentRuntimeDirectory({ flag, env, uid }: AgentsView): RuntimeDirectory {
  const named = namedDirectory(flag, env);
  if (named !== undefined) return named;
  const ofUnit = variable(env, 'RUNTIME_DIRECTORY')?.split(':')[0];
  if (ofUnit !== undefined) return checked(ofUnit, 'RUNTIME_DIRECTORY');
  if (uid === 0) return { ok: true, path: SYSTEM_RUNTIME_DIRECTORY, origin: 'default' };
  return ofUser(env) ?? missing(uid);
}

export interface ClientsView {
  readonly flag?: string | undefined;
  readonly env: Environment;
  readonly exists: (path: string) => boolean;
}

/**
 * Where a client looks for the agent: `--runtime-dir`, ROLEKEEPER_RUNTIME_DIR, /run/rolekeeper; where that does not
 * exist, the user's own agent if there is one. RUNTIME_DIRECTORY is not asked: within a consumer's unit it names the
 * consumer's directory.
 */
export function clientRuntimeDirectory({ flag, env, exists }: ClientsView): RuntimeDirectory {
  const named = namedDirectory(flag, env);
  if (named !== undefined) return named;
  const system = { ok: true, path: SYSTEM_RUNTIME_DIRECTORY, origin: 'default' } as const;
  if (exists(SYSTEM_RUNTIME_DIRECTORY)) return system;
  const user = ofUser(env);
  return user === undefined || (user.ok && !exists(user.path)) ? system : user;
}

function namedDirectory(flag: string | undefined, env: Environment): RuntimeDirectory | undefined {
  if (flag !== undefined) return checked(flag, '--runtime-dir');
  const named = variable(env, 'ROLEKEEPER_RUNTIME_DIR');
  return named === undefined ? undefined : checked(named, 'ROLEKEEPER_RUNTIME_DIR');
}

function ofUser(env: Environment): RuntimeDirectory | undefined {
  const base = variable(env, 'XDG_RUNTIME_DIR');
  if (base === undefined) return undefined;
  const directory = checked(base, 'XDG_RUNTIME_DIR');
  return directory.ok
    ? { ...directory, path: `${directory.path.replace(/^\/$/, '')}/rolekeeper` }
    : directory;
}

function checked(path: string, origin: string): RuntimeDirectory {
  if (path.startsWith('/') && !path.includes('\0')) {
    return { ok: true, path: path.replace(/\/+$/, '') || '/', origin };
  }
  const found = path === '' ? 'nothing' : `"${shown(path, 60)}"`;
  return {
    ok: false,
    error: `${origin} must name the runtime directory by an absolute path; found ${found}. Write one that begins with /, such as ${SYSTEM_RUNTIME_DIRECTORY}.`,
  };
}

function missing(uid: number): RuntimeDirectory {
  return {
    ok: false,
    error: `No runtime directory is named, and ${SYSTEM_RUNTIME_DIRECTORY} is for root only; the user is ${uid} and XDG_RUNTIME_DIR is not set. Give --runtime-dir DIR or set ROLEKEEPER_RUNTIME_DIR.`,
  };
}
