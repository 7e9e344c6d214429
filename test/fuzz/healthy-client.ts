import { Agent as KeepAlive } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { http } from '../../src/platform/http.ts';
import type { Target } from './surfaces.ts';

/** A client that asks as it should, all the time, and notes how long each answer took. */
export interface HealthyClient {
  readonly milliseconds: readonly number[];
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

const BETWEEN_MS = 20;
const PATIENCE_MS = 5_000;

export function healthyClient(target: Target, secret: string): HealthyClient {
  const milliseconds: number[] = [];
  const failures: string[] = [];
  const agent = new KeepAlive({ keepAlive: true, maxSockets: 1 });
  let stopped = false;
  const running = ask();
  return {
    milliseconds,
    failures,
    async stop() {
      stopped = true;
      await running;
      agent.destroy();
    },
  };

  async function ask(): Promise<void> {
    while (!stopped) {
      const began = performance.now();
      const problem = await once();
      milliseconds.push(performance.now() - began);
      if (problem !== undefined) failures.push(problem);
      await sleep(BETWEEN_MS);
    }
  }

  function once(): Promise<string | undefined> {
    const [header, value] = target.proof?.split(': ') ?? [];
    const headers = { Host: 'localhost', ...(header !== undefined && { [header]: value }) };
    const where = 'path' in target.address ? { socketPath: target.address.path } : target.address;
    return new Promise((resolve) => {
      const request = http.get({ ...where, path: target.credentialPaths[0], agent, headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () =>
          resolve(body.includes(secret) ? undefined : `status ${response.statusCode}`),
        );
        response.on('error', ({ message }) => resolve(message));
      });
      request.setTimeout(PATIENCE_MS, () => request.destroy(new Error('no answer')));
      request.on('error', ({ message }) => resolve(message));
    });
  }
}

/** The p-th percentile (0 to 100) of some numbers. */
export function percentile(of: readonly number[], p: number): number {
  const sorted = of.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}
