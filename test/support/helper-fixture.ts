import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './agent-process.ts';
import { type ChildOptions, type Ended, helper, run } from './child.ts';

/** An answer as the agent gives it, with a session token as long as the real ones. */
export const exampleAnswer = `{"Version":1,"AccessKeyId":"ASIAQ3EXAMPLEKEY0001","SecretAccessKey":"EXAMPLESecretAccessKey","SessionToken":"${'EXAMPLE/+'.repeat(100)}==","Expiration":"2026-11-23T14:12:31Z"}`;

export const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'ascii').trim();

/** Seconds since boot, as the helper reads them. */
export function uptime(): number {
  return Math.floor(Number.parseFloat(readFileSync('/proc/uptime', 'ascii')));
}

/** The file's content for an answer that may be printed until that second of that boot. */
export function fileContent(answer: string, until: number | string, boot = bootId): string {
  return `${answer.slice(0, -1)},"KeepUntil":"${until}/${boot}"}\n`;
}

/** Sets the second up to which the file that an agent wrote may be printed: what waiting would do. */
export function rewriteKeepUntil(path: string, until: number): void {
  const content = readFileSync(path, 'utf8');
  writeFileSync(path, content.replace(/"KeepUntil":"\d+\//, `"KeepUntil":"${until}/`));
}

/** The exit status of the command that stands in for `rolekeeper credential-process`. */
export const FALLBACK = 42;

export interface HelperFixture extends Disposable {
  /** Its runtime directory, with no file in it. */
  readonly runtimeDirectory: string;
  /** A copy of the helper, in a checkout whose command only says that it was called. */
  readonly helper: string;
  readonly directory: string;
  /** Writes `credential-process.json`. */
  write(content: string | Buffer): void;
  /** Runs the copy under a shell, given as the words before it. */
  run(
    shell: readonly string[],
    options?: ChildOptions & { readonly args?: readonly string[] },
  ): Promise<Ended>;
}

/** A helper by itself, with nothing but a file to read, and a fallback that is told from it by its exit status. */
export function helperFixture(runtimeName = 'run'): HelperFixture {
  const directory = temporaryDirectory();
  const runtimeDirectory = join(directory.path, runtimeName);
  const copy = join(directory.path, 'checkout/scripts/credential-process');
  const node = join(directory.path, 'checkout/node_modules/.bin/node');
  for (const folder of ['scripts', 'src/cli', 'node_modules/.bin']) {
    mkdirSync(join(directory.path, 'checkout', folder), { recursive: true });
  }
  mkdirSync(runtimeDirectory);
  copyFileSync(helper, copy);
  writeFileSync(join(directory.path, 'checkout/src/cli/main.ts'), '');
  writeFileSync(node, `#!/bin/sh\nshift\necho "asked the command: $*" >&2\nexit ${FALLBACK}\n`);
  chmodSync(node, 0o755);
  return {
    runtimeDirectory,
    helper: copy,
    directory: directory.path,
    write: (content) => writeFileSync(join(runtimeDirectory, 'credential-process.json'), content),
    run: (shell, { args = [], ...options } = {}) =>
      run([...shell, copy, ...args], { env: { ROLEKEEPER_RUNTIME_DIR: runtimeDirectory }, ...options }),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}
