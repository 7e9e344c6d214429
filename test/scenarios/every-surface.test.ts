/** What has to hold on every surface at once: at the second of an expiration, over a rotation, in an outage. */
import { expect, test, vi } from 'vitest';
import { formatTimestamp } from '../../src/domain/timestamps.ts';
import { everySurface, machineWithEverySurface, refused, served } from '../support/every-surface.ts';
import type { SimulatedMachine } from '../support/running-agent.ts';

// Each look at all surfaces starts four programs.
vi.setConfig({ testTimeout: 60_000 });

const MINUTE = 60_000;
const EXPIRED = refused({
  http: '503 credentials-expired',
  event: 'expired credentials-expired',
  exitCode: 6,
});

test.each([{ kind: 'status', status: 500, on: 'all' }, { kind: 'black-hole' }] as const)(
  'the second before a set expires it is on every surface, from then on it is on none (IMDS: $kind)',
  async (fault) => {
    await using machine = await machineWithEverySurface({
      instance: { lifetimeMs: 30 * MINUTE },
      settings: { 'policy.static_stability': 'never' },
    });
    await machine.start();
    const set = currentSet(machine);
    machine.instance.setFault(fault);
    await machine.advance(set.expiration - 1_000 - machine.clock.now());
    expect(await everySurface(machine, served(set))).toEqual(served(set));
    await machine.advance(1_000);
    expect(await everySurface(machine, EXPIRED)).toEqual(EXPIRED);
    await machine.advance(1_000);
    expect(await everySurface(machine, EXPIRED)).toEqual(EXPIRED);
  },
);

test('where static stability extends it, every surface tells the same later expiration, and then none the set', async () => {
  await using machine = await machineWithEverySurface({
    instance: { lifetimeMs: 30 * MINUTE },
    settings: { 'policy.static_stability': 'imds' },
  });
  await machine.start();
  const set = currentSet(machine);
  machine.instance.setFault({ kind: 'frozen' });
  await machine.advance(set.expiration + MINUTE - machine.clock.now());
  const { advertised_expiration: told = '', expiration } = machine.agent().status();
  expect(expiration).toBe(formatTimestamp(set.expiration));
  expect(Date.parse(told)).toBeGreaterThan(machine.clock.now());
  expect(await everySurface(machine, served(set, told))).toEqual(served(set, told));

  machine.instance.setFault({ kind: 'status', status: 500, on: 'all' });
  await machine.advance(15 * MINUTE);
  expect(await everySurface(machine, EXPIRED)).toEqual(EXPIRED);
});

test('a rotation is on every surface within a check, and no surface is behind another', async () => {
  await using machine = await machineWithEverySurface({
    instance: { lifetimeMs: 60 * MINUTE, rotateEveryMs: 5 * MINUTE },
  });
  await machine.start();
  const first = currentSet(machine);
  await machine.advance(5 * MINUTE - 1_000);
  expect(await everySurface(machine, served(first))).toEqual(served(first));
  await machine.advance(67_000);
  const second = currentSet(machine);
  expect(second.accessKeyId).not.toBe(first.accessKeyId);
  expect(await everySurface(machine, served(second))).toEqual(served(second));
});

test('readers under their own window ask as much as they like: IMDS is asked no more, and the expiration is the true one', async () => {
  await using machine = await machineWithEverySurface({ instance: { lifetimeMs: 30 * MINUTE } });
  await machine.start();
  const set = currentSet(machine);
  machine.instance.setFault({ kind: 'frozen' });
  await machine.advance(20 * MINUTE);
  const before = machine.simulator.requestCounts().total;
  for (let round = 0; round < 3; round++) {
    expect(await everySurface(machine, served(set))).toEqual(served(set));
  }
  expect(machine.simulator.requestCounts().total).toBe(before);
});

test('a role that replaces another one takes its place on every surface at once', async () => {
  await using machine = await machineWithEverySurface();
  await machine.start();
  machine.instance.attachRole('batch');
  await machine.advance(67_000);
  const batch = served(currentSet(machine));
  expect(await everySurface(machine, batch, 'batch')).toEqual(batch);
  const askedForWeb = await everySurface(machine, batch, 'web');
  for (const name of ['', ', dated', ', tokenless']) {
    expect(askedForWeb[`IMDS document${name}`]).toBe('404 not-found');
  }
});

test('a role that was detached is withdrawn from every surface, and comes back to all of them', async () => {
  await using machine = await machineWithEverySurface();
  await machine.start();
  machine.instance.detachRole();
  await machine.advance(2 * MINUTE);
  const detached = refused({ http: '503 role-detached', event: 'withdrawn role-detached', exitCode: 5 });
  expect(await everySurface(machine, detached)).toEqual(detached);
  machine.instance.attachRole('web');
  await machine.advance(17_000);
  const back = served(currentSet(machine));
  expect(await everySurface(machine, back)).toEqual(back);
});

test('without a role every surface says so', async () => {
  await using machine = await machineWithEverySurface({ instance: { role: null } });
  await machine.start();
  const none = refused({ http: '404 no-role', event: 'withdrawn no-role', exitCode: 5 });
  expect(await everySurface(machine, none)).toEqual(none);
});

function currentSet({ instance }: SimulatedMachine) {
  const set = instance.currentSet();
  if (set === undefined) throw new Error('No role is attached');
  return set;
}
