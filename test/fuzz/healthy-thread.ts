import { parentPort, workerData } from 'node:worker_threads';
import { healthyClient } from './healthy-client.ts';
import type { Target } from './surfaces.ts';

const { targets, secret } = workerData as { targets: readonly Target[]; secret: string };
const clients = targets.map((target) => ({ name: target.name, client: healthyClient(target, secret) }));
parentPort?.once('message', async () => {
  const health: Record<string, object> = {};
  for (const { name, client } of clients) {
    await client.stop();
    health[name] = { milliseconds: client.milliseconds, failures: client.failures };
  }
  parentPort?.postMessage(health);
});
parentPort?.postMessage('asking');
