import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, type ChildOptions, type Ended, repository, startChild } from '../support/child.ts';
import { CHECKOUT, USERS, type User } from './machine-root.ts';

const SYSTEM = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };
const LOOK_EVERY_MS = 200;
const LONGEST_BOOT_MS = 60_000;
const LONGEST_SHUTDOWN_MS = 60_000;

export interface Shell {
  /** Default: root. */
  readonly user?: User;
}

/** A machine with systemd as its PID 1, driven from outside. Its network is this process's own: `lo` alone. */
export interface Instance extends AsyncDisposable {
  /** When systemd was started: `performance.now()`. */
  readonly bootedAt: number;
  start(command: readonly string[], options?: Shell & ChildOptions): Child;
  run(command: readonly string[], options?: Shell & ChildOptions): Promise<Ended>;
  /** What a script printed on both streams. Rejects where it fails. */
  sh(script: string, options?: Shell): Promise<string>;
  /** A property of a unit: `property('MainPID')`. Default: of the agent's service. */
  property(name: string, unit?: string): Promise<string>;
  /** Everything that the journal has of a unit, or of all. */
  journal(...args: readonly string[]): Promise<string>;
  /** Looks again and again, and rejects where it stays false. */
  until(what: string, isSo: () => Promise<boolean>, longestMs: number): Promise<void>;
}

/** There is no PID 1: this system does not let a container boot, whatever is in it. */
export class CannotBoot extends Error {}

/** Boots what `machineRoot` made, and returns once its PID 1 answers. Rejects with `CannotBoot` where nothing can. */
export async function boot(root: string): Promise<Instance> {
  const bootedAt = performance.now();
  const container = startChild(
    [
      ...[
        'systemd-nspawn',
        '--quiet',
        '--register=no',
        '--keep-unit',
        '--console=passive',
        '--link-journal=no',
      ],
      // The second is for the kernel's filter of addresses, by service (BPF).
      '--capability=CAP_NET_ADMIN,CAP_SYS_ADMIN',
      `--bind-ro=${repository.replace(/\/$/, '')}:${CHECKOUT}`,
      ...['--boot', '-D', root],
    ],
    { env: SYSTEM },
  );
  let ended = false;
  void container.ended.finally(() => {
    ended = true;
  });
  const leader = await waitFor(
    'a PID 1 of the machine',
    async () => leaderBelow(container.pid),
    LONGEST_BOOT_MS,
  ).catch((error: Error) => {
    throw ended ? new CannotBoot(error.message.trim()) : error;
  });
  const enter = ['nsenter', '--target', String(leader), '--all', '--'];

  const instance: Instance = {
    bootedAt,
    start: (command, { user, env, ...options } = {}) =>
      startChild([...enter, ...asUser(user), ...command], { ...options, env: { ...SYSTEM, ...env } }),
    run: (command, options) => instance.start(command, options).ended,
    async sh(script, options) {
      const { code, stdout, stderr } = await instance.run(['/bin/sh', '-euc', script], options);
      if (code !== 0) throw new Error(`A script ended with ${code}: ${stdout}${stderr}\n${script}`);
      return `${stdout}${stderr}`;
    },
    property: async (name, unit = 'rolekeeper.service') =>
      (await instance.sh(`systemctl show --property=${name} --value ${unit}`)).trim(),
    journal: async (...args) => (await instance.run(['journalctl', '--no-pager', '--quiet', ...args])).stdout,
    until: async (what, isSo, longestMs) => {
      await waitFor(what, async () => ((await isSo()) ? true : undefined), longestMs);
    },
    async [Symbol.asyncDispose]() {
      if (ended) return;
      await instance.run(['systemctl', 'poweroff']);
      const late = pause(LONGEST_SHUTDOWN_MS, 'late' as const, { ref: false });
      if ((await Promise.race([container.ended, late])) === 'late') container.kill('SIGKILL');
    },
  };
  await instance.until(
    'an answer of its service manager',
    async () => (await instance.run(['systemctl', 'show', '--property=Version'])).code === 0,
    LONGEST_BOOT_MS,
  );
  // A container is given a boot of its own, in a mount that a service with ProtectKernelTunables= does not see. On an
  // instance there is only the kernel's.
  await instance.sh('umount /proc/sys/kernel/random/boot_id');
  return instance;

  async function waitFor<Found>(
    what: string,
    look: () => Promise<Found | undefined>,
    longestMs: number,
  ): Promise<Found> {
    const end = performance.now() + longestMs;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (ended) throw new Error(`The machine ended: ${container.stdout()}${container.stderr()}`);
      if (performance.now() > end) throw new Error(`After ${longestMs / 1000} s there was still not ${what}`);
      await pause(LOOK_EVERY_MS);
    }
  }
}

function asUser(user: User | undefined): readonly string[] {
  if (user === undefined) return [];
  return ['setpriv', `--reuid=${USERS[user]}`, `--regid=${USERS[user]}`, '--init-groups', '--'];
}

/** The process that is 1 to itself, and was started by the container's. */
function leaderBelow(container: number): number | undefined {
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const isSystemd = /^Name:\tsystemd$/m.test(status) && /^NSpid:.*\t1$/m.test(status);
      if (isSystemd && new RegExp(`^PPid:\t${container}$`, 'm').test(status)) return Number(name);
    } catch {
      // It has ended meanwhile.
    }
  }
  return undefined;
}
