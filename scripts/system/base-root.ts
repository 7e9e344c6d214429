import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Skipped } from '../package/tool.ts';

/** The oldest that the units are written for (systemd 252). */
const SUITE = 'bookworm';
/** What the package depends on, what it suggests, and what an instance has anyway. */
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'libatomic1', 'nftables', 'curl'];
const DEFAULT_MIRROR = 'http://deb.debian.org/debian';
const LONGEST_SECONDS = 480;

/**
 * A small Debian, as debootstrap makes it. It is kept in `$XDG_CACHE_HOME/rolekeeper-system` and never written to again: a
 * run puts an overlay on it. Returns its directory. Throws Skipped where it can neither be found nor be made.
 */
export function baseRoot(): string {
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const cache = join(caches, 'rolekeeper-system');
  const key = createHash('sha256')
    .update([SUITE, process.arch, ...PACKAGES].join(' '))
    .digest('hex')
    .slice(0, 12);
  const root = join(cache, `${SUITE}-${key}`);
  if (existsSync(root)) return root;
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  const partial = mkdtempSync(join(cache, 'partial-'));
  try {
    bootstrap(partial);
    chmodSync(partial, 0o755);
    // Another run may have been quicker.
    if (!existsSync(root)) renameSync(partial, root);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return root;
}

function bootstrap(directory: string): void {
  const mirror = configuredMirror() ?? DEFAULT_MIRROR;
  process.stdout.write(`Making a root of Debian ${SUITE} from ${mirror} (debootstrap), once for all runs\n`);
  const args = ['--variant=minbase', `--include=${PACKAGES.join(',')}`, SUITE, directory, mirror];
  const { status, stdout } = spawnSync('timeout', [`${LONGEST_SECONDS}`, 'debootstrap', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return;
  const lastWords = stdout.trimEnd().split('\n').slice(-3).join('; ');
  throw new Skipped(`debootstrap made no root from ${mirror} (exit status ${status}): ${lastWords}`);
}

/** The mirror that this machine itself installs from, if it is a Debian. */
function configuredMirror(): string | undefined {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...namesIn(folder).map((name) => join(folder, name))];
  const text = files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
  return /^(?:deb (?:\[.*\] )?|URIs: *)(https?:\/\/\S+\/debian)\/?(?=\s)/m.exec(text)?.[1];
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
