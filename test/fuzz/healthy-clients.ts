import { Worker } from 'node:worker_threads';
import type { Target } from './surfaces.ts';

/** What the healthy clients of some surfaces have seen, by the surface's name. */
export type Health = Readonly<
  Record<string, { readonly milliseconds: number[]; readonly failures: string[] }>
>;

export interface HealthyClients {
  stop(): Promise<Health>;
}

/** In a thread of their own, so that what they measure is not how busy the attacker is. */
export async function healthyClients(targets: readonly Target[], secret: string): Promise<HealthyClients> {
  const worker = new Worker(new URL('./healthy-thread.ts', import.meta.url), {
    workerData: { targets, secret },
  });
  await next();
  return {
    async stop() {
      worker.postMessage('stop');
      const health = (await next()) as Health;
      await worker.terminate();
      return health;
    },
  };

  function next(): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    worker.once('message', resolve);
    worker.once('error', reject);
    return promise;
  }
}
