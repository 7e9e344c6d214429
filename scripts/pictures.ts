/**
 * `npm run pictures`: what the README and the pages show of the command line, taken from the commands themselves on a
 * simulated instance, as SVG in `docs/pictures/`. Needs `script` (util-linux), which gives them a terminal.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLUMNS, terminalSvg } from './pictures/terminal-svg.ts';

const root = process.cwd();
const pictures = join(root, 'docs', 'pictures');
const main = [process.execPath, join(root, 'src', 'cli', 'main.ts')];

/** What is shown, by the picture's name. The directory of the agent is in the environment. */
const COMMANDS: Readonly<Record<string, string>> = {
  demo: 'rolekeeper demo',
  status: 'rolekeeper status',
  doctor: 'rolekeeper doctor',
};

using work = mkdtempDisposableSync(join(tmpdir(), 'rolekeeper-pictures-'));
const runtime = join(work.path, 'run');
const environment = {
  PATH: process.env.PATH ?? '',
  TERM: 'xterm-256color',
  COLUMNS: String(COLUMNS),
  HOME: work.path,
  ROLEKEEPER_RUNTIME_DIR: runtime,
  ROLEKEEPER_CONTAINER_ENDPOINT_LISTEN: '127.0.0.1:0',
};

mkdirSync(pictures, { recursive: true });
const agent = spawn(main[0] ?? '', [...main.slice(1), 'start'], {
  env: environment,
  stdio: ['ignore', 'ignore', 'pipe'],
});
try {
  for await (const text of agent.stderr.setEncoding('utf8')) if (String(text).includes('Ready')) break;
  for (const [name, command] of Object.entries(COMMANDS)) {
    writeFileSync(join(pictures, `${name}.svg`), terminalSvg(command, shown(command)));
    process.stdout.write(`docs/pictures/${name}.svg\n`);
  }
} finally {
  agent.kill('SIGTERM');
  await once(agent, 'exit');
}

/** On a terminal. The directory that only this run has is shown as the one that everybody has. */
function shown(command: string): string {
  const line = `stty cols ${COLUMNS} rows 50; ${main.join(' ')} ${command.replace(/^rolekeeper /, '')}`;
  const { stdout, error } = spawnSync('script', ['-qec', line, '/dev/null'], {
    env: environment,
    encoding: 'utf8',
  });
  if (error !== undefined)
    throw new Error(`script is needed, of the package util-linux or bsdutils: ${error.message}`);
  return stdout.replaceAll(runtime, '/run/rolekeeper').replaceAll(work.path, '/root');
}
