/**
 * Steady load on a machine's agent, as one of its users: SIMULATOR-URL. Says `steady` once every reader has had an answer, and
 * when its input ends prints the report as one line of JSON.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { http } from '../../src/platform/http.ts';
import { createOracle, type ReaderAnswer } from '../chaos/oracle.ts';
import { run } from '../support/child.ts';

export interface LoadReport {
  readonly asked: Readonly<Record<string, number>>;
  /** Nothing listened, an answer other than 200, an exit status other than 0. */
  readonly refused: readonly string[];
  /** Accepted, and then nothing: what a process leaves behind that was killed or hangs. */
  readonly cutOff: readonly string[];
  readonly wrong: readonly string[];
  readonly slowest: { readonly ms: number; readonly reader: string };
  /** Milliseconds that the slowest start of an empty program took: what this machine holds everybody up. */
  readonly emptyProgram: number;
}

type Outcome = { readonly answer: ReaderAnswer } | { readonly refused: string } | { readonly cutOff: string };

const RUN = '/run/rolekeeper';
/** Connections each of their own, and how many of them a second: 100 together. */
const READERS: readonly (readonly [string, number, () => Promise<Outcome>])[] = [
  ['agent socket', 40, () => byHttp({ socketPath: `${RUN}/agent.sock`, path: '/v1/credentials' })],
  ['container endpoint', 40, () => byHttp({ host: '127.0.0.1', port: 9911, path: CONTAINER_PATH })],
  ['line socket', 10, byLine],
  ['helper', 8, () => byCommand(['/usr/libexec/rolekeeper/credential-process'])],
  ['command', 2, () => byCommand(['/usr/bin/rolekeeper', 'credential-process'])],
];
const CONTAINER_PATH = '/v1/container-credentials';
/** An empty program, once a second. */
const MACHINE = 'the machine itself';
const EMPTY_PROGRAM = [process.execPath, '-e', '0'];
const TICK_MS = 10;

const simulator = process.argv[2] ?? '';
const authorization = readFileSync(`${RUN}/container-token`, 'utf8');
const oracle = createOracle({
  sets: async () => (await fetch(`${simulator}/_control/sets`)).json() as Promise<never>,
});
const asked: Record<string, number> = {};
const [refused, cutOff, wrong]: [string[], string[], string[]] = [[], [], []];
const underWay = new Set<Promise<void>>();
let slowest = { ms: 0, reader: '' };
let emptyProgram = 0;
let isOver = false;
process.stdin.once('end', () => {
  isOver = true;
});
process.stdin.resume();

for (const [name, , ask] of READERS) await once(name, ask);
process.stdout.write('steady\n');
const began = performance.now();
const sent = new Map<string, number>();
while (!isOver) {
  await pause(TICK_MS);
  const seconds = (performance.now() - began) / 1_000;
  for (const [name, perSecond, ask] of READERS) start(name, perSecond * seconds, () => once(name, ask));
  start(MACHINE, seconds, startEmptyProgram);
}
await Promise.all(underWay);
const report: LoadReport = { asked, refused, cutOff, wrong, slowest, emptyProgram };
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);

/** As many as are due by now. */
function start(name: string, due: number, one: () => Promise<void>): void {
  let count = sent.get(name) ?? 0;
  for (; count + 1 <= due; count++) keep(one());
  sent.set(name, count);
}

async function startEmptyProgram(): Promise<void> {
  emptyProgram = Math.max(emptyProgram, (await run(EMPTY_PROGRAM)).ms);
}

function keep(work: Promise<void>): void {
  underWay.add(work);
  void work.finally(() => underWay.delete(work));
}

async function once(name: string, ask: () => Promise<Outcome>): Promise<void> {
  const askedAt = Date.now();
  const start = performance.now();
  const outcome = await ask();
  const ms = performance.now() - start;
  asked[name] = (asked[name] ?? 0) + 1;
  if (ms > slowest.ms) slowest = { ms, reader: name };
  if ('refused' in outcome) refused.push(`${name}: ${outcome.refused}`);
  else if ('cutOff' in outcome) cutOff.push(`${name}: ${outcome.cutOff}`);
  else {
    const verdict = await oracle.judge(outcome.answer, askedAt);
    if (verdict !== undefined) wrong.push(`${name}: ${verdict}`);
  }
}

function byHttp(where: {
  socketPath?: string;
  host?: string;
  port?: number;
  path: string;
}): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let isConnected = false;
  const lost = (error: NodeJS.ErrnoException) => {
    const reason = error.code ?? error.message;
    resolve(isConnected ? { cutOff: reason } : { refused: reason });
  };
  const headers = { Host: 'localhost', Authorization: authorization };
  const request = http.get({ ...where, agent: false, headers }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('end', () =>
      resolve(
        response.statusCode === 200 ? read(body, 'Token') : { refused: `${response.statusCode} ${body}` },
      ),
    );
    response.on('error', lost);
  });
  request.once('socket', (socket) => {
    socket.once('connect', () => {
      isConnected = true;
    });
  });
  request.on('error', lost);
  return promise;
}

function byLine(): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let line = '';
  let isConnected = false;
  const socket = connect(`${RUN}/credentials.sock`, () => {
    isConnected = true;
  });
  socket.setEncoding('utf8').on('data', (text: string) => {
    line += text;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const reason = error.code ?? error.message;
    resolve(isConnected ? { cutOff: reason } : { refused: reason });
  });
  socket.on('end', () =>
    resolve(line === '' ? { cutOff: 'nothing was written' } : read(line, 'SessionToken')),
  );
  return promise;
}

async function byCommand(command: readonly string[]): Promise<Outcome> {
  const { code, signal, stdout, stderr } = await run(command, { env: { PATH: '/usr/bin:/bin' } });
  // 7: the agent gave no answer, or not within the two seconds that the command has for it.
  if (code === 7) return { cutOff: stderr };
  if (code !== 0) return { refused: `exit ${code ?? signal}: ${stdout}${stderr}` };
  return read(stdout, 'SessionToken');
}

/** What is no JSON becomes an answer without a key, which the oracle calls wrong. */
function read(text: string, tokenName: string): Outcome {
  try {
    const document = JSON.parse(text);
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Expiration: expiration } = document;
    return { answer: { accessKeyId, secretAccessKey, sessionToken: document[tokenName], expiration } };
  } catch {
    return { answer: { accessKeyId: text, secretAccessKey: '', sessionToken: '', expiration: '' } };
  }
}
