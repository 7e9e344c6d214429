/**
 * `npm run pictures`: what the README and the pages show of the command line, taken from the commands themselves on a
 * simulated instance, as SVG in `docs/pictures/`. Needs `script` (util-linux), which gives them a terminal.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { COLUMNS, terminalSvg } from './pictures/terminal-svg.ts';

const root = process.cwd();
const pictures = join(root, 'docs', 'pictures');
const program = process.execPath;
const main = [join(root, 'src', 'cli', 'main.ts')];

/** What is shown, by the picture's name. The directory of the agent is in the environment. */
const COMMANDS: Readonly<Record<string, string>> = {
  demo: 'rolekeeper demo',
  status: 'rolekeeper status',
  doctor: 'rolekeeper doctor',
};

using work = mkdtempDisposableSync(join(tmpdir(), 'rolekeeper-pictures-'));
const runtime = join(work.path, 'run');
const simulator = spawn(
  program,
  [...main, 'simulate', '--listen', '127.0.0.1:0', '--quiet', '--role', 'web'],
  {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
const [, endpoint] = await says(simulator.stdout, /listening on (http:\/\/127\.0\.0\.1:\d+)/);
/** The endpoint goes to every command: none of them is to look for IMDS by itself, where it is on an instance. */
const environment = {
  PATH: process.env.PATH ?? '',
  TERM: 'xterm-256color',
  COLUMNS: String(COLUMNS),
  HOME: work.path,
  ROLEKEEPER_IMDS_ENDPOINT: endpoint,
  ROLEKEEPER_RUNTIME_DIR: runtime,
  ROLEKEEPER_AGENT_SOCKET_GROUP: 'root',
  ROLEKEEPER_CONTAINER_ENDPOINT_LISTEN: `127.0.0.1:${await freePort()}`,
};
const agent = spawn(program, [...main, 'serve'], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
try {
  await says(agent.stderr, /Ready/);
  mkdirSync(pictures, { recursive: true });
  for (const [name, command] of Object.entries(COMMANDS)) {
    writeFileSync(join(pictures, `${name}.svg`), terminalSvg(command, shown(command)));
    process.stdout.write(`docs/pictures/${name}.svg\n`);
  }
} finally {
  for (const child of [agent, simulator]) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

/** Resolves with the first match in what a stream gives. */
async function says(stream: Readable, pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  for await (const part of stream.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += part;
    const found = pattern.exec(text);
    if (found !== null) return found;
  }
  throw new Error(`Ended without ${pattern}:\n${text}`);
}

/** The doctor wants to know where a surface is. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** On a terminal. The directory that only this run has is shown as the one that everybody has. */
function shown(command: string): string {
  const line = `stty cols ${COLUMNS} rows 50; ${[program, ...main].join(' ')} ${command.replace(/^rolekeeper /, '')}`;
  const { stdout, error } = spawnSync('script', ['-qec', line, '/dev/null'], {
    env: environment,
    encoding: 'utf8',
  });
  if (error !== undefined)
    throw new Error(`script is needed, of the package util-linux or bsdutils: ${error.message}`);
  return stdout.replaceAll(runtime, '/run/rolekeeper').replaceAll(work.path, '/root');
}
