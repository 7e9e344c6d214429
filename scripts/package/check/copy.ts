import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { needs, Skipped } from '../tool.ts';

const NO_COPY = 77;
const TELLING = join(import.meta.dirname, 'installed/telling.sh');

/**
 * Runs a script, with these files and `telling.sh` beside it, on a copy of this machine that is thrown away and has no
 * network. Throws with what it printed: that is what went wrong.
 */
export function onCopy(
  { work }: { readonly work: string },
  script: string,
  files: readonly string[],
): undefined {
  if (process.geteuid?.() !== 0) throw new Skipped('only root can do that');
  needs('systemd-sysusers', 'systemd');
  const copy = mkdtempSync(join(work, 'copy-'));
  const overlay = join(import.meta.dirname, 'overlay.sh');
  const namespaces = ['--mount', '--propagation', 'private', '--net'];
  const command = ['bash', overlay, copy, script, TELLING, ...files];
  const { status, stdout, stderr } = spawnSync('unshare', [...namespaces, ...command], { encoding: 'utf8' });
  // unshare itself ends with 1 and without a word of ours where it is not allowed to.
  if (status === NO_COPY || /^unshare: /m.test(stderr)) {
    throw new Skipped(`no copy of this machine can be made here: ${stderr.trim()}`);
  }
  if (status !== 0 || stdout !== '') throw new Error(`${stdout}${stderr}`);
  return undefined;
}
