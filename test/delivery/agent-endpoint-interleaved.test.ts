import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agentEndpoint } from '../../src/delivery/agent-endpoint.ts';
import { closeHttpSurface, createHttpSurface } from '../../src/delivery/http-surface.ts';
import type { AccessGate } from '../../src/domain/access-gate.ts';
import { unknownCaller } from '../../src/domain/caller.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { listenOnSocketFile } from '../../src/platform/unix-socket.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { settle } from '../support/manual-clock.ts';
import { metricsOf } from '../support/metrics.ts';
import { ask } from '../support/raw-http.ts';
import { EXPIRATION, servedStore } from '../support/surface.ts';

type Step = 'read' | 'rotate' | 'detach';

/** Every wait of a request that is ours to end, and every change of the state, in an order that the property picks. */
async function live(scheduler: fc.Scheduler, steps: readonly Step[], path: string): Promise<void> {
  const { store } = servedStore();
  const gate: AccessGate<unknown> = {
    callerOf: () => scheduler.schedule(Promise.resolve(unknownCaller), 'who asks is looked up'),
    refusal: () => undefined,
    record() {},
    answered() {},
  };
  const health = {
    callers: () => ({}),
    status: () => ({}),
    isAlive: () => true,
    isReady: () => true,
    metrics: metricsOf,
  };
  const parts = { reader: store.reader, gate, ...health, events: { answer() {} } };
  const server = createHttpSurface(agentEndpoint(parts));
  const release = await listenOnSocketFile(server, path, { mode: 0o600 });
  /** The serial that is served, after each change; 0: none is. */
  const history = [1];
  const current = () => history.at(-1) ?? 0;
  let newest = 1;
  let waiting = 0;

  const read = async () => {
    waiting += 1;
    const from = history.length - 1;
    const { status, body } = await ask({ path }, 'GET', '/v1/credentials');
    waiting -= 1;
    const possible = history.slice(from);
    if (status !== 200) {
      expect(possible, body).toContain(0);
      return;
    }
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(body);
    const serial = Number(/^ASIAQ3EXAMPLEKEY(\d{4})$/.exec(AccessKeyId)?.[1]);
    const number = String(serial).padStart(4, '0');
    expect([SecretAccessKey, Token, Expiration]).toEqual([
      `EXAMPLESecretAccessKey${number}`,
      `EXAMPLESessionToken${number}`,
      EXPIRATION,
    ]);
    expect(possible).toContain(serial);
  };

  const reads: Promise<void>[] = [];
  for (const step of steps) {
    if (step === 'read') {
      reads.push(read());
      continue;
    }
    const changes = step === 'rotate' ? 1 : 3;
    for (let change = 0; change < changes; change++) {
      void scheduler.schedule(Promise.resolve(), step).then(() => {
        if (step === 'rotate') store.apply(success(roleCredentials(++newest, EXPIRATION)));
        else store.apply(failure('no-role'));
        const { held } = store.reader.read();
        const serial = Number(held?.credentials.accessKeyId.slice(-4) ?? 0);
        if (serial !== current()) history.push(serial);
      });
    }
  }
  while (waiting > 0 || scheduler.count() > 0) {
    if (scheduler.count() > 0) await scheduler.waitOne();
    else await settle();
  }
  await Promise.all(reads);
  await closeHttpSurface(server, 0, systemClock.setTimer);
  release();
  rmSync(path, { force: true });
}

test('defect 6 of the peers: whatever happens while a request waits, its answer is one whole set of that time, or none', async () => {
  using directory = temporaryDirectory();
  let run = 0;
  const steps = fc.array(fc.constantFrom<Step>('read', 'read', 'rotate', 'detach'), {
    minLength: 2,
    maxLength: 10,
  });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), steps, (scheduler, order) =>
      live(scheduler, order, join(directory.path, `${run++}.sock`)),
    ),
    { numRuns: 60, seed: 5 },
  );
}, 60_000);
