import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckOutcome } from '../../src/domain/errors.ts';
import { createCredentialStore } from '../../src/lifecycle/credential-store.ts';
import { createRefresher, type Refresher } from '../../src/lifecycle/refresher.ts';
import { failure, roleCredentials, success } from '../support/credentials.ts';
import { manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

const setA = roleCredentials(1, '2026-11-23T10:00:00Z');
const setB = roleCredentials(2, '2026-11-23T12:00:00Z');

/** A refresher on a manual clock, with a source that answers what the test says. Jitter is in its middle. */
function life(
  firstAnswer: CheckOutcome | Promise<CheckOutcome>,
  beatEveryMs?: number,
  before = (_: Refresher) => {},
) {
  const clock = manualClock('2026-11-23T08:00:00Z');
  const log = memoryLog();
  const random = () => 0.5;
  const world = { answer: firstAnswer, checks: [] as number[], beats: [] as number[], clock, log };
  const source = {
    check: async (signal: AbortSignal) => {
      world.checks.push(clock.now());
      const stopped = new Promise<CheckOutcome>((resolve) => {
        signal.addEventListener('abort', () => resolve(failure('timeout')));
      });
      return Promise.race([world.answer, stopped]);
    },
  };
  const store = createCredentialStore({
    clock,
    random,
    stability: 'imds',
    firstGeneration: 0,
    onListenerError: (error) => log.error(String(error)),
  });
  const pace = { checkIntervalMs: 60_000 };
  const beat = () => void world.beats.push(clock.monotonic());
  const heartbeat = beatEveryMs === undefined ? undefined : { everyMs: beatEveryMs, beat };
  const refresher = createRefresher({ source, store, clock, random, log, pace, heartbeat });
  onTestFinished(() => refresher.stop());
  before(refresher);
  refresher.start();
  return Object.assign(world, { store, refresher, minutes: (n: number) => clock.advance(n * 60_000) });
}

const servedKey = (world: ReturnType<typeof life>) =>
  world.store.reader.read().held?.credentials.accessKeyId.slice(-4);

describe('The refresher', () => {
  test('checks at once and then once a minute', async () => {
    const world = life(success(setA));
    await world.minutes(5);
    const start = Date.parse('2026-11-23T08:00:00Z');
    expect(world.checks.map((at) => (at - start) / 1000)).toEqual([0, 60, 120, 180, 240, 300]);
  });

  test('serves a rotated set within a minute', async () => {
    const world = life(success(setA));
    await world.minutes(30.5);
    world.answer = success(setB);
    await world.minutes(1);
    expect(servedKey(world)).toBe('0002');
  });

  test('has one check under way at most, however long it takes', async () => {
    const world = life(new Promise(() => {}));
    await world.minutes(90);
    expect(world.checks).toHaveLength(1);
  });

  test('backs off while checks fail, and is back to the minute after the first good one', async () => {
    const world = life(success(setA));
    await world.minutes(0.5);
    world.answer = failure('throttled');
    await world.minutes(10);
    const gaps = world.checks.slice(1).map((at, n) => (at - (world.checks[n] ?? 0)) / 1000);
    expect(gaps.slice(0, 10)).toEqual([60, 0.75, 1.5, 3, 6, 12, 24, 45, 45, 45]);
    world.answer = success(setB);
    await world.minutes(1);
    expect(servedKey(world)).toBe('0002');
  });

  test('checks every 15 s once under 5 minutes are left', async () => {
    const world = life(success(setA));
    await world.minutes(116);
    const before = world.checks.length;
    await world.minutes(2);
    expect(world.checks.length - before).toBe(8);
  });

  test('ends what is served at the expiration itself, not at the next check', async () => {
    const world = life(success(setA));
    const served: boolean[] = [];
    world.store.subscribe((change) => served.push(change.served !== undefined));
    await world.minutes(110);
    world.answer = new Promise(() => {});
    await world.minutes(9.99);
    expect(served.at(-1)).toBe(true);
    await world.minutes(0.02);
    expect(world.store.reader.read().refusal?.code).toBe('credentials-expired');
  });

  test('tells its listeners of the expiration although no check ends', async () => {
    const world = life(success(setA));
    await world.minutes(119.9);
    world.answer = new Promise(() => {});
    const told: boolean[] = [];
    world.store.subscribe((change) => told.push(change.served !== undefined));
    await world.minutes(0.1);
    expect(told).toEqual([false]);
  });

  test('checks at the expiration itself, however far it had backed off: IMDS may extend the set', async () => {
    const world = life(success(setA));
    await world.minutes(1);
    world.answer = failure('unreachable');
    await world.minutes(119);
    expect(world.checks.at(-1)).toBe(setA.credentials.expiration);
    expect(world.checks.at(-2)).toBeGreaterThan(setA.credentials.expiration - 11_250);
  });

  test('checks at once after a suspend, and never serves what expired in it', async () => {
    const world = life(success(setA));
    await world.minutes(10.1);
    const checks = world.checks.length;
    world.clock.suspend(3 * 3600_000);
    expect(world.store.reader.read().refusal?.code).toBe('credentials-expired');
    world.answer = success(roleCredentials(3, '2026-11-23T16:00:00Z'));
    await world.clock.advance(30_000);
    expect(world.checks.length).toBe(checks + 1);
    expect(servedKey(world)).toBe('0003');
    expect(world.log.lines).toContainEqual({
      level: 'warn',
      message: 'The clock jumped: checking IMDS now; see chrony',
      fields: { seconds: 10_800 },
    });
  });

  test.each([600, -3600])(
    'checks within half a minute of a clock that was stepped by %i s',
    async (seconds) => {
      const world = life(success(setA));
      await world.minutes(10.1);
      world.clock.stepWall(seconds * 1000);
      const checks = world.checks.length;
      await world.clock.advance(24_000);
      expect(world.checks.length - checks).toBe(1);
      expect(world.log.lines).toEqual([
        {
          level: 'warn',
          message: 'The clock jumped: checking IMDS now; see chrony',
          fields: { seconds },
        },
      ]);
    },
  );

  test('goes on after the wall clock was stepped back an hour', async () => {
    const world = life(success(setA));
    await world.minutes(10.5);
    world.clock.stepWall(-3600_000);
    const checks = world.checks.length;
    await world.minutes(10);
    expect(world.checks.length - checks).toBeGreaterThanOrEqual(10);
    world.answer = success(setB);
    await world.minutes(1.1);
    expect(servedKey(world)).toBe('0002');
  });

  test('says when the next check is due, and nothing while one is under way', async () => {
    const world = life(success(setA));
    await world.clock.advance(0);
    expect(world.refresher.nextCheckAt()).toBe(world.clock.monotonic() + 60_000);
    world.answer = new Promise(() => {});
    await world.minutes(1);
    expect(world.refresher.nextCheckAt()).toBeUndefined();
  });

  test('stops between two checks', async () => {
    const world = life(success(setA));
    await world.minutes(0.5);
    await world.refresher.stop();
    expect(world.clock.pendingTimers()).toBe(0);
    await world.minutes(60);
    expect(world.checks).toHaveLength(1);
  });

  test('may be stopped by what hears of a change', async () => {
    const world = life(success(setA));
    let stopped: Promise<void> | undefined;
    world.store.subscribe(() => {
      stopped = world.refresher.stop();
    });
    await world.minutes(0);
    await stopped;
    expect(world.clock.pendingTimers()).toBe(0);
    expect(world.checks).toHaveLength(1);
  });

  test('checks when it is asked to, and keeps the minute after that', async () => {
    const world = life(success(setA));
    await world.minutes(0.5);
    world.refresher.checkNow();
    await world.clock.advance(0);
    expect(world.checks).toHaveLength(2);
    await world.minutes(1);
    expect(world.checks).toHaveLength(3);
  });

  test('shows life at least every 30 s', async () => {
    const world = life(success(setA));
    for (let n = 0; n < 200; n++) {
      await world.clock.advance(7_000);
      expect(world.clock.monotonic() - world.refresher.lastBeat()).toBeLessThanOrEqual(30_000);
    }
  });

  test('shows life as often as somebody wants to see it, and none while a check hangs', async () => {
    const world = life(success(setA), 10_000);
    await world.minutes(30);
    const silences = world.beats.slice(1).map((at, n) => at - (world.beats[n] ?? 0));
    expect(Math.max(...silences)).toBe(10_000);
    expect(world.checks).toHaveLength(31);
    world.answer = new Promise(() => {});
    await world.minutes(1);
    const { length } = world.beats;
    await world.minutes(5);
    expect(world.beats).toHaveLength(length);
  });

  test('can be sent for the first set before it starts, which is one check all the same', async () => {
    const world = life(success(setA), undefined, (refresher) => refresher.prepare());
    expect(world.checks).toHaveLength(1);
    expect(servedKey(world)).toBeUndefined();
    await world.minutes(1.5);
    expect(world.checks).toHaveLength(2);
    expect(servedKey(world)).toBe('0001');
  });

  test('that was only prepared stops with nothing left behind', async () => {
    const clock = manualClock();
    const { promise: answer, resolve } = Promise.withResolvers<CheckOutcome>();
    const source = {
      check: (signal: AbortSignal) => {
        signal.addEventListener('abort', () => resolve(failure('timeout')));
        return answer;
      },
    };
    const random = () => 0.5;
    const parts = { clock, random, log: memoryLog(), pace: { checkIntervalMs: 60_000 } };
    const onListenerError = () => {};
    const store = createCredentialStore({ ...parts, stability: 'imds', firstGeneration: 0, onListenerError });
    const refresher = createRefresher({ ...parts, source, store });
    refresher.prepare();
    await refresher.stop();
    expect(clock.pendingTimers()).toBe(0);
    expect(store.state().lastCheck).toBeUndefined();
  });

  test('goes on by another pace when it is given one', async () => {
    const world = life(success(setA));
    await world.minutes(5);
    const before = world.checks.length;
    world.refresher.repace({ checkIntervalMs: 20_000 });
    world.refresher.checkNow();
    await world.minutes(1);
    expect(world.checks.length - before).toBe(4);
  });

  test('stops with nothing left behind, also in the middle of a check', async () => {
    const world = life(new Promise(() => {}));
    await world.minutes(1);
    await world.refresher.stop();
    expect(world.clock.pendingTimers()).toBe(0);
    expect(world.store.state().lastCheck).toBeUndefined();
    await world.minutes(60);
    expect(world.checks).toHaveLength(1);
  });

  test('takes up the role again within 15 s of its being attached, and a detached one is withdrawn after 3 checks', async () => {
    const world = life(success(setA));
    await world.minutes(1.5);
    world.answer = failure('no-role');
    await world.minutes(0.5);
    expect(servedKey(world)).toBe('0001');
    await world.minutes(0.5);
    expect(world.store.reader.read().refusal?.code).toBe('role-detached');
    await world.minutes(60);
    world.answer = success(setB);
    await world.clock.advance(15_000);
    expect(servedKey(world)).toBe('0002');
  });
});
