import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { CommandWorld } from '../../src/cli/command-world.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { wait } from '../../src/cli/wait.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { type EventsSurface, eventsSurface } from '../support/events-surface.ts';
import { type ManualClock, manualClock, settle } from '../support/manual-clock.ts';

const good = success(roleCredentials(1, '2026-11-23T14:00:00Z'));

function waiting(surface: EventsSurface, timeout = 60_000) {
  const clock = manualClock();
  const stop = new AbortController();
  const stderr = new PassThrough().setEncoding('utf8');
  const world = {
    env: { ROLEKEEPER_RUNTIME_DIR: surface.directory },
    uid: 0,
    pid: 1,
    version: '0.0.0',
    clock,
    boot: { id: 'EXAMPLE', uptimeSeconds: () => 0 },
    random: () => 0.5,
    stdout: new PassThrough(),
    stderr,
    stop: stop.signal,
  } satisfies CommandWorld;
  return { clock, stop, stderr, code: wait({ timeout }, world) };
}

/** Resolves when a long poll is held. */
async function isHeld(surface: EventsSurface): Promise<void> {
  while (surface.networkClock.pendingTimers() === 0) await settle();
}

test('the agent is asked three times until it has credentials, however long that takes', async () => {
  await using surface = await eventsSurface();
  const { code } = waiting(surface);
  await isHeld(surface);
  expect(surface.requests).toEqual([
    '/v1/credentials',
    '/v1/events?after=-1&wait=0',
    '/v1/events?after=100&wait=20',
  ]);
  surface.store.apply(good);
  expect(await code).toBe(EXIT.ok);
  expect(surface.requests.slice(3)).toEqual(['/v1/credentials']);
});

test('a change that brings no credentials does not end the wait', async () => {
  await using surface = await eventsSurface();
  const { code, clock } = waiting(surface);
  await isHeld(surface);
  surface.store.apply(failure('no-role'));
  while (surface.requests.length < 6) await clock.advance(50);
  await isHeld(surface);
  surface.store.apply(good);
  expect(await code).toBe(EXIT.ok);
});

test('a signal ends the long poll at once', async () => {
  await using surface = await eventsSurface();
  const { code, stop } = waiting(surface);
  await isHeld(surface);
  stop.abort('SIGTERM');
  expect(await code).toBe(EXIT.notAvailable);
});

test('when the time is over, the agent’s own words and exit code are told', async () => {
  await using surface = await eventsSurface();
  const { code, clock, stderr } = waiting(surface, 5_000);
  await isHeld(surface);
  expect(surface.requests.at(-1)).toBe('/v1/events?after=100&wait=5');
  await Promise.all([clock.advance(5_000), surface.networkClock.advance(5_000)]);
  await untilOver(code, clock);
  expect(await code).toBe(EXIT.notAvailable);
  expect(stderr.read()).toMatch(/^rolekeeper: no credentials after 5 s: No credentials were fetched yet\./);
});

test('an agent without events is asked every quarter of a second', async () => {
  await using surface = await eventsSurface({ withEvents: false });
  const { code, clock } = waiting(surface);
  while (surface.requests.length < 2) await settle();
  for (let quarter = 0; quarter < 4; quarter += 1) {
    const before = surface.requests.length;
    while (surface.requests.length === before) await clock.advance(50);
  }
  surface.store.apply(good);
  await untilOver(code, clock);
  expect(await code).toBe(EXIT.ok);
});

/** Lets the time pass that pauses take, until the command has ended. */
async function untilOver(code: Promise<number>, clock: ManualClock): Promise<void> {
  let isOver = false;
  void code.then(() => {
    isOver = true;
  });
  while (!isOver) await clock.advance(50);
}
