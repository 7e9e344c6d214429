import { type Libc, systemLibc } from './libc.ts';

/** The service manager that started this process, as sd_notify(3) speaks to it. */
export interface ServiceManager {
  /**
   * Tells it, for example `{ READY: '1', STATUS: 'Serving' }`. What it cannot take at once goes with the next message, so
   * nothing is lost while it is busy. Returns whether it was told. Never throws, never waits.
   */
  tell(state: Readonly<Record<string, string>>): boolean;
  /** Within which it wants to hear `WATCHDOG=1`, in ms, or it ends this process; undefined: it does not watch. */
  readonly watchdogMs: number | undefined;
}

const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];
/** sockaddr_un.sun_path (unix(7)). */
const LONGEST_NAME_BYTES = 107;

/**
 * Whoever waits to be told of this process, by the variables of sd_notify(3) and sd_watchdog_enabled(3); undefined where
 * nobody does. The variables are removed from `env`, so that no child speaks in our name. Throws an Error where somebody
 * waits and cannot be told: the start would time out without a word why.
 */
export function takeServiceManager(
  env: NodeJS.ProcessEnv,
  pid: number,
  libc: () => Libc | undefined = systemLibc,
): ServiceManager | undefined {
  const { NOTIFY_SOCKET: name = '', WATCHDOG_USEC, WATCHDOG_PID } = env;
  for (const variable of VARIABLES) delete env[variable];
  if (name === '') return undefined;
  if (!/^[/@]./.test(name) || Buffer.byteLength(name) > LONGEST_NAME_BYTES) {
    throw untold(`NOTIFY_SOCKET must be a path or an abstract name (@), and is ${JSON.stringify(name)}`);
  }
  const library = libc();
  const fd = library?.unixDatagramSocket();
  if (library === undefined || fd === undefined)
    throw untold('this Node has no node:ffi, or no socket is left');
  const to = name.replace(/^@/, '\0');
  let unsent: Readonly<Record<string, string>> = {};

  return {
    watchdogMs: watchdogMs(WATCHDOG_USEC, WATCHDOG_PID, pid),
    tell(state) {
      const all = { ...unsent, ...state };
      const lines = Object.entries(all).map(([key, value]) => `${key}=${value.replaceAll('\n', ' ')}\n`);
      const isTold = library.sendTo(fd, to, Buffer.from(lines.join('')));
      unsent = isTold ? {} : all;
      return isTold;
    },
  };
}

function watchdogMs(microseconds = '', watched: string | undefined, pid: number): number | undefined {
  const isMeantForUs = watched === undefined || watched === String(pid);
  return isMeantForUs && /^[1-9]\d{0,14}$/.test(microseconds) ? Number(microseconds) / 1000 : undefined;
}

function untold(why: string): Error {
  return new Error(
    `The service manager waits to be told when the agent is ready, and cannot be: ${why}. Start it with the runtime it comes with, or give its unit Type=exec`,
  );
}
