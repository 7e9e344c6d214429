import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { renderDefaultConfig } from '../../src/config/render.ts';
import { completions } from './completions.ts';
import { manPage } from './man-page.ts';
import { readVerbs } from './verbs.ts';

export interface Staging {
  readonly root: string;
  /** The executable, the licences and the bill of materials, as `npm run build` left them. */
  readonly release: string;
  readonly executable: string;
  readonly version: string;
  /** Of the release, in seconds since 1970: the man page carries it. */
  readonly epoch: number;
  /** What is to become `/`. */
  readonly target: string;
}

const LIBRARY = 'usr/lib/systemd/system';
export const DOCUMENTS = 'usr/share/doc/rolekeeper';
export const CONFIGURATION = '/etc/rolekeeper/config.toml';
/** Where zsh as its project makes it looks for functions; Debian's looks elsewhere. */
export const ZSH_FUNCTIONS = 'usr/share/zsh/site-functions';

/** Every file that a package installs, where it goes. What a format of packages wants besides is added to it. */
export async function stageTree(staging: Staging): Promise<void> {
  const { root, release, executable, version, epoch } = staging;
  copy(executable, 'usr/bin/rolekeeper', 0o755);
  copy(join(root, 'scripts/credential-process'), 'usr/libexec/rolekeeper/credential-process', 0o755);
  write(CONFIGURATION.slice(1), renderDefaultConfig());
  for (const name of readdirSync(join(root, 'systemd'))) {
    if (/\.(service|socket)$/.test(name)) copy(join(root, 'systemd', name), join(LIBRARY, name));
  }
  copy(join(root, 'systemd/rolekeeper.sysusers.conf'), 'usr/lib/sysusers.d/rolekeeper.conf');
  copy(join(root, 'systemd/rolekeeper.tmpfiles.conf'), 'usr/lib/tmpfiles.d/rolekeeper.conf');

  const verbs = await readVerbs(version);
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  write('usr/share/man/man1/rolekeeper.1.gz', compressed(manPage(verbs, version, date)));
  const { bash, zsh, fish } = completions(verbs);
  write('usr/share/bash-completion/completions/rolekeeper', bash);
  write(join(ZSH_FUNCTIONS, '_rolekeeper'), zsh);
  write('usr/share/fish/vendor_completions.d/rolekeeper.fish', fish);

  for (const path of filesIn(join(root, 'docs'))) {
    copy(path, join(DOCUMENTS, relative(join(root, 'docs'), path)));
  }
  copy(join(root, 'SECURITY.md'), join(DOCUMENTS, 'SECURITY.md'));
  copy(join(root, 'systemd/consumer.conf.example'), join(DOCUMENTS, 'examples/consumer.conf'));
  copy(join(release, 'rolekeeper.cdx.json'), join(DOCUMENTS, 'rolekeeper.cdx.json'));
  write(
    join(DOCUMENTS, 'THIRD-PARTY-LICENCES.gz'),
    compressed(readFileSync(join(release, 'THIRD-PARTY-LICENCES'), 'utf8')),
  );

  function copy(from: string, to: string, mode = 0o644): void {
    const path = join(staging.target, to);
    directory(dirname(path));
    cpSync(from, path);
    chmodSync(path, mode);
  }

  function write(to: string, content: string | Buffer): void {
    const path = join(staging.target, to);
    directory(dirname(path));
    writeFileSync(path, content);
    chmodSync(path, 0o644);
  }
}

/** What Debian has in a form of its own: the licence, and what is new. */
export function addDocuments(root: string, tree: string): void {
  directory(join(tree, 'usr/share/licenses/rolekeeper'));
  cpSync(join(root, 'LICENSE'), join(tree, 'usr/share/licenses/rolekeeper/LICENSE'));
  cpSync(join(root, 'CHANGELOG.md'), join(tree, DOCUMENTS, 'CHANGELOG.md'));
}

/** The files below a folder, in the order of their paths whatever the file system's is. */
export function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => !statSync(path).isDirectory())
    .sort();
}

/** Gives everything in a tree the time of the release, and takes what others may write from them. */
export function settle(tree: string, epoch: number): void {
  for (const name of readdirSync(tree, { recursive: true, encoding: 'utf8' })) {
    const path = join(tree, name);
    const { mode } = statSync(path);
    if (mode & 0o022) chmodSync(path, mode & 0o755);
    utimesSync(path, epoch, epoch);
  }
}

/** Whatever the umask is. */
export function directory(path: string): void {
  execFileSync('install', ['-d', '-m', '755', path]);
}

/** As `gzip -9n`: no name and no time in it. */
export function compressed(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}
