import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RunningAgent, Stage } from '../bench/stage.ts';

export interface Readers {
  /** How long each answer took since the last call, in ms. */
  taken(): readonly number[];
  /** Every answer that was no whole set, or an old one. */
  wrong(): readonly string[];
  stop(): Promise<void>;
}

type Read = () => Promise<string>;

/** Between two reads of one reader, so that the load is steady and leaves the machine to others. */
const PAUSE_MS = 4;
const HELPER_PAUSE_MS = 200;

/** Readers of every surface, over connections that stay and over new ones, each judging what it gets. */
export async function startReaders(stage: Stage, agent: RunningAgent): Promise<Readers> {
  const { socketPath, containerUrl, imdsUrl, directory } = agent;
  const latencies: number[] = [];
  const wrong: string[] = [];
  let isStopping = false;
  const Authorization = readFileSync(join(directory, 'container-token'), 'utf8');
  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const list = `${imdsUrl}/latest/meta-data/iam/security-credentials/`;
  const newToken = async () =>
    (await fetch(`${imdsUrl}/latest/api/token`, { method: 'PUT', headers: ttl })).text();
  const issued = { 'X-aws-ec2-metadata-token': await newToken() };
  const keepAlive = new Agent({ keepAlive: true });
  const agentUrl = 'http://localhost/v1/credentials';
  const helper = join(stage.root, 'scripts/credential-process');
  const env = { PATH: process.env.PATH, ROLEKEEPER_RUNTIME_DIR: directory };

  const reads: readonly (readonly [string, Read, number?])[] = [
    ['agent socket', () => get(agentUrl, { socketPath, agent: keepAlive })],
    ['agent socket, new connections', () => get(agentUrl, { socketPath, agent: false })],
    ['container endpoint', () => get(containerUrl, { agent: keepAlive, headers: { Authorization } })],
    [
      'container endpoint, new connections',
      () => get(containerUrl, { agent: false, headers: { Authorization } }),
    ],
    [
      'IMDS-compatible endpoint',
      async () => {
        const role = await get(list, { agent: keepAlive, headers: issued });
        return get(`${list}${role}`, { agent: keepAlive, headers: issued });
      },
    ],
    [
      'IMDS-compatible endpoint, new tokens',
      async () => {
        const headers = { 'X-aws-ec2-metadata-token': await newToken() };
        const role = await get(list, { agent: false, headers });
        return get(`${list}${role}`, { agent: false, headers });
      },
    ],
    ['line socket', () => text(connect(join(directory, 'credentials.sock')))],
    ['helper', async () => (await promisify(execFile)(helper, { env })).stdout, HELPER_PAUSE_MS],
  ];
  const loops = reads.map(([name, read, pauseMs = PAUSE_MS]) => loop(name, read, pauseMs));

  return {
    taken: () => latencies.splice(0),
    wrong: () => wrong,
    async stop() {
      isStopping = true;
      await Promise.all(loops);
      keepAlive.destroy();
    },
  };

  async function loop(name: string, read: Read, pauseMs: number): Promise<void> {
    let newest = 0;
    while (!isStopping) {
      const began = performance.now();
      const answer = await read().catch((error: Error) => `nothing (${error.message})`);
      latencies.push(performance.now() - began);
      const serial = serialIn(answer);
      if (serial === undefined) wrong.push(`${name}: ${answer.slice(0, 200)}`);
      else if (serial < newest) wrong.push(`${name}: the set ${serial} after ${newest}`);
      else newest = serial;
      await pause(pauseMs);
    }
  }
}

/** In this order the simulator counts its sets, in the last letters of their parts: base32. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The number of a set; undefined where the answer is none, or made of the parts of two. */
function serialIn(answer: string): number | undefined {
  try {
    const { AccessKeyId, SecretAccessKey, Token, SessionToken = Token } = JSON.parse(answer);
    const [serial, other]: string[] = [AccessKeyId, SecretAccessKey].map((each: string) => each.slice(-5));
    if (serial !== other || typeof SessionToken !== 'string') return undefined;
    return [...(serial ?? '')].reduce((sum, digit) => sum * DIGITS.length + DIGITS.indexOf(digit), 0);
  } catch {
    return undefined;
  }
}

function get(url: string, options: object): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request(url, options, (answer) => void text(answer).then(resolve, reject))
    .on('error', reject)
    .end();
  return promise;
}

async function text(stream: IncomingMessage | ReturnType<typeof connect>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}
