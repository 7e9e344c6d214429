import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { http } from '../../src/platform/http.ts';
import type { InstanceOptions } from '../../src/simulator/instance.ts';
import { createSimulatedInstance } from '../../src/simulator/instance.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** One request on a connection of its own. Rejects when the connection breaks before the whole body is there. */
export function ask(base: string, path: string, question: Question = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { hostname, port } = new URL(base);
  const request = http.request({
    host: hostname.replaceAll(/[[\]]/g, ''),
    port,
    path,
    agent: false,
    method: question.method ?? 'GET',
    headers: question.headers ?? {},
  });
  request.once('error', reject);
  request.once('response', (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk) => {
      body += chunk;
    });
    response.once('error', reject);
    response.once('end', () => {
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        rawHeaders: response.rawHeaders,
        body,
      });
    });
  });
  request.end(question.body);
  return promise;
}

export interface Bench extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly log: ReturnType<typeof memoryLog>;
  readonly simulator: Simulator;
  readonly instance: Simulator['instance'];
  ask(path: string, question?: Question): Promise<Answer>;
  /** A metadata token. */
  token(ttlSeconds?: number): Promise<string>;
  /** A read below `/latest/` with a new metadata token. */
  read(item: string): Promise<Answer>;
  control(command: unknown): Promise<Answer>;
}

/** A running simulator on a free port, on a clock that the test moves. Closed at the end of the test's scope. */
export async function simulatorBench(options: Partial<InstanceOptions> = {}): Promise<Bench> {
  const clock = manualClock();
  const log = memoryLog();
  const instance = createSimulatedInstance({ clock, random: seededRandom(1), ...options });
  const simulator = await startSimulator({ listen: '127.0.0.1:0', instance, clock, log });
  const bench: Bench = {
    clock,
    log,
    simulator,
    instance,
    ask: (path, question) => ask(simulator.url, path, question),
    async token(ttlSeconds = 21_600) {
      const answer = await bench.ask('/latest/api/token', {
        method: 'PUT',
        headers: { 'X-aws-ec2-metadata-token-ttl-seconds': ttlSeconds },
      });
      return answer.body;
    },
    async read(item) {
      return bench.ask(`/latest/${item}`, { headers: withToken(await bench.token()) });
    },
    control: (command) => bench.ask('/_control', { method: 'POST', body: JSON.stringify(command) }),
    [Symbol.asyncDispose]: () => simulator.close(),
  };
  return bench;
}

export function withToken(token: string): OutgoingHttpHeaders {
  return { 'X-aws-ec2-metadata-token': token };
}

export const list = 'meta-data/iam/security-credentials/';
export const document = `${list}example-role`;
