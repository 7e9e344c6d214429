import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FileSinkOptions } from '../../src/delivery/file-sinks/file-sink.ts';
import { createFileSinks } from '../../src/delivery/file-sinks/file-sinks.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { held, memoryDirectory, ownUid } from '../delivery/file-sinks/temporary.ts';
import { startChild } from '../support/child.ts';
import { memoryLog } from '../support/memory-log.ts';
import { lastWords } from './journal.ts';
import { outcomeOf, type Result } from './results.ts';

const ROTATIONS = 1_000;
const MODE = 0o640;
const PYTHON = '/usr/bin/python3';
const MODULES = '/usr/lib/python3/dist-packages';
const OTHERS = '# by hand\n[others]\nregion = eu-west-1\n\n';
/** Fewer would say nothing about what a reader sees while a file is replaced. */
const FEWEST_READS = 20;
const FEWEST_SETS = 10;

const reader = (name: string) =>
  fileURLToPath(new URL(`../delivery/file-sinks/readers/${name}`, import.meta.url));

interface FileReader {
  readonly name: string;
  readonly command: readonly string[];
  readonly missing: string | undefined;
}

/** Real readers in a loop, while their files are rotated a thousand times: none may see a torn, an empty or a mixed set. */
export async function readersOfFiles(): Promise<readonly Result[]> {
  using directory = memoryDirectory();
  const [profiles, variables, stop] = [
    directory.file('shared-credentials'),
    directory.file('env'),
    directory.file('stop'),
  ];
  const hooks: string[] = [];
  const sinks = rotatedSinks(directory.file, hooks);
  writeFileSync(profiles, OTHERS, { mode: MODE });
  sinks.update(held(1));
  await sinks.idle();

  const readers = fileReaders(profiles, variables, stop);
  const running = readers
    .filter(({ missing }) => missing === undefined)
    .map((each) => ({ ...each, child: startChild(each.command) }));
  await Promise.allSettled(running.map(({ child }) => child.says(/^ready$/m)));
  for (let serial = 2; serial <= ROTATIONS; serial++) {
    sinks.update(held(serial));
    await sinks.idle();
    // The same key again: nothing is written, nothing is run.
    if (serial % 10 === 0) sinks.update(held(serial));
  }
  await sinks.idle();
  writeFileSync(stop, '', { mode: 0o600 });

  const moment = `${ROTATIONS} rotations`;
  const results: Result[] = [];
  for (const { name, child } of running) {
    const { code, stdout, stderr } = await child.ended;
    const [, reads = '0', sets = '0'] = /^read (\d+) (\d+)$/m.exec(stdout) ?? [];
    const problem =
      code !== 0 || stderr !== ''
        ? `exit code ${code}: ${lastWords(stderr)}`
        : Number(reads) < FEWEST_READS || Number(sets) < FEWEST_SETS
          ? `it read only ${reads} times, and ${sets} sets`
          : undefined;
    results.push({ client: name, surface: 'reads the file in a loop', moment, outcome: outcomeOf(problem) });
  }
  for (const { name, missing } of readers) {
    if (missing === undefined) continue;
    results.push({
      client: name,
      surface: 'reads the file in a loop',
      moment,
      outcome: `skip: ${missing}`,
    });
  }
  results.push({
    client: 'the files',
    surface: 'mode, the lines of others, on_change once per key',
    moment,
    outcome: outcomeOf(whatBecameOf([profiles, variables], profiles, hooks)),
  });
  await sinks.close();
  return results;
}

function fileReaders(profiles: string, variables: string, stop: string): readonly FileReader[] {
  const python = (name: string, module: string, command: readonly string[]): FileReader => ({
    name,
    // Isolated, because the directory of a script holds others with the names of modules.
    command: [PYTHON, '-I', ...command],
    missing: existsSync(`${MODULES}/${module}`) ? undefined : `there is no ${MODULES}/${module}`,
  });
  return [
    python('boto3 1.26 (Debian)', 'boto3', [reader('boto.py'), profiles, stop]),
    python('python-boto 2.49', 'boto', [reader('boto2.py'), profiles, stop]),
    python('python configparser', '', [reader('profile.py'), profiles, stop]),
    { name: 'sh', command: ['/bin/sh', reader('variables.sh'), variables, stop], missing: undefined },
  ];
}

function rotatedSinks(file: (name: string) => string, hooks: string[]) {
  const options = (['shared-credentials', 'env'] as const).map(
    (format): FileSinkOptions => ({
      format,
      path: file(format),
      profile: 'default',
      mode: MODE,
      owner: '',
      group: '',
      onChange: ['reload'],
      onChangeTimeout: 30_000,
      atWithdrawal: 'remove',
      atStop: 'keep',
    }),
  );
  return createFileSinks(options, {
    clock: systemClock,
    networkClock: systemClock,
    random: systemRandom,
    log: memoryLog(),
    uid: ownUid,
    runHook: async (hook) => {
      hooks.push(hook.file);
      return { end: { kind: 'exited', status: 0 }, outputBytes: 0 };
    },
  });
}

function whatBecameOf(
  paths: readonly string[],
  profiles: string,
  hooks: readonly string[],
): string | undefined {
  for (const path of paths) {
    const mode = statSync(path).mode & 0o7777;
    if (mode !== MODE) return `${path} has the mode ${mode.toString(8)}`;
    const runs = hooks.filter((file) => file === path).length;
    if (runs !== ROTATIONS) return `on_change ran ${runs} times for ${path}`;
  }
  return readFileSync(profiles, 'utf8').startsWith(OTHERS) ? undefined : 'the lines of others have changed';
}
