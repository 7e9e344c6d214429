import { describe, expect, test } from 'vitest';
import { createSimulatedInstance, type InstanceOptions } from '../../src/simulator/instance.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { manualClock } from '../support/manual-clock.ts';

const minute = 60_000;
const hour = 60 * minute;

function instanceOn(options: Partial<InstanceOptions> = {}) {
  const clock = manualClock();
  return { clock, instance: createSimulatedInstance({ clock, random: seededRandom(1), ...options }) };
}

describe('the credential sets', () => {
  test('the first one is there from the start, for six hours', () => {
    const { clock, instance } = instanceOn();
    expect(instance.currentSet()).toMatchObject({
      roleName: 'example-role',
      serial: 1,
      issuedAt: clock.now(),
      expiration: clock.now() + 6 * hour,
      firstServedAt: undefined,
    });
  });

  test('a new set appears every hour and not before', async () => {
    const { clock, instance } = instanceOn();
    const first = instance.currentSet();
    await clock.advance(hour - 1);
    expect(instance.currentSet()).toEqual(first);
    await clock.advance(1);
    expect(instance.currentSet()?.serial).toBe(2);
    expect(instance.currentSet()?.issuedAt).toBe(clock.now());
  });

  test('the current set always has at least five minutes left, however slow the rotation', async () => {
    const { clock, instance } = instanceOn({ rotateEveryMs: 24 * hour });
    for (let passed = 0; passed < 48 * hour; passed += minute) {
      await clock.advance(minute);
      const set = instance.currentSet();
      expect((set?.expiration ?? 0) - clock.now()).toBeGreaterThanOrEqual(5 * minute);
    }
  });

  test('a compressed lifetime leaves a margin too, and never a gap', async () => {
    const { clock, instance } = instanceOn({ lifetimeMs: 20_000, rotateEveryMs: hour });
    for (let passed = 0; passed < 120_000; passed += 130) {
      await clock.advance(130);
      expect((instance.currentSet()?.expiration ?? 0) - clock.now()).toBeGreaterThanOrEqual(20_000 / 12);
    }
  });

  test('rotations that nobody asked about leave no set behind', async () => {
    const { clock, instance } = instanceOn();
    await clock.advance(1000.5 * hour);
    expect(instance.currentSet()?.serial).toBe(2);
    expect(instance.currentSet()?.issuedAt).toBe(clock.now() - 0.5 * hour);
  });

  test('a rotation by hand gives a new set and starts the schedule again', async () => {
    const { clock, instance } = instanceOn();
    await clock.advance(30 * minute);
    expect(instance.rotate().serial).toBe(2);
    await clock.advance(hour - 1);
    expect(instance.currentSet()?.serial).toBe(2);
    await clock.advance(1);
    expect(instance.currentSet()?.serial).toBe(3);
  });

  test('a rotation by hand without a role is refused', () => {
    const { instance } = instanceOn({ role: null });
    expect(() => instance.rotate()).toThrow('Cannot rotate: no role is attached. Attach one first');
  });

  test('every set is remembered, with the time it was first served', async () => {
    const { clock, instance } = instanceOn();
    const first = instance.currentSet();
    if (first === undefined) throw new Error('no set');
    await clock.advance(1_000);
    instance.markServed(first);
    const servedAt = clock.now();
    await clock.advance(1_000);
    instance.markServed(first);
    instance.rotate();
    expect(instance.issuedSets()).toEqual([
      { ...first, firstServedAt: servedAt },
      expect.objectContaining({ serial: 2, firstServedAt: undefined }),
    ]);
  });

  test('only the last ten thousand sets are remembered', () => {
    const { instance } = instanceOn({ random: () => 0.5 });
    for (let i = 0; i < 10_005; i += 1) instance.rotate();
    expect(instance.issuedSets().length).toBe(10_000);
    expect(instance.issuedSets().at(-1)?.serial).toBe(10_006);
  });

  test('an expired set is one of its own, the same each time, and remembered', () => {
    const { clock, instance } = instanceOn();
    const set = instance.expiredSet();
    expect(set?.expiration).toBe(clock.now() - minute);
    expect(set?.serial).not.toBe(instance.currentSet()?.serial);
    expect(instance.expiredSet()).toBe(set);
    expect(instance.issuedSets()).toContainEqual(set);
  });

  test('the same seed gives the same sets', () => {
    const clock = manualClock();
    const one = createSimulatedInstance({ clock, random: seededRandom(5) });
    const two = createSimulatedInstance({ clock, random: seededRandom(5) });
    const other = createSimulatedInstance({ clock, random: seededRandom(6) });
    expect(one.currentSet()).toEqual(two.currentSet());
    expect(one.currentSet()?.secretAccessKey).not.toBe(other.currentSet()?.secretAccessKey);
  });
});

describe('a frozen set', () => {
  test('stays past its expiration, and the schedule is caught up with afterwards', async () => {
    const { clock, instance } = instanceOn();
    await clock.advance(hour);
    instance.setFault({ kind: 'frozen' });
    const frozen = instance.currentSet();
    expect(frozen?.serial).toBe(2);
    await clock.advance(7 * hour);
    expect(instance.currentSet()).toBe(frozen);
    expect(frozen?.expiration).toBeLessThan(clock.now());
    instance.clearFaults();
    expect(instance.currentSet()).toMatchObject({ serial: 3, issuedAt: clock.now() });
  });

  test('is the one of the moment it froze, not the last one that was looked at', async () => {
    const { clock, instance } = instanceOn();
    await clock.advance(5 * hour);
    instance.setFault({ kind: 'frozen' });
    expect(instance.currentSet()?.issuedAt).toBe(clock.now());
  });

  test('stays frozen when another fault is cleared', async () => {
    const { clock, instance } = instanceOn();
    instance.setFault({ kind: 'frozen' });
    instance.setFault({ kind: 'status', status: 500 });
    instance.clearFaults('status');
    await clock.advance(2 * hour);
    expect(instance.currentSet()?.serial).toBe(1);
  });
});

describe('the role', () => {
  test('is example-role with a profile of the same name unless said otherwise', () => {
    const { instance } = instanceOn();
    expect([instance.roleName(), instance.profileName()]).toEqual(['example-role', 'example-role']);
    const other = instanceOn({ role: 'web', profile: 'web-profile' }).instance;
    expect([other.roleName(), other.profileName()]).toEqual(['web', 'web-profile']);
  });

  test('each role has sets of its own and finds them again', () => {
    const { instance } = instanceOn();
    const first = instance.currentSet();
    instance.attachRole('web');
    expect(instance.currentSet()).toMatchObject({ roleName: 'web', serial: 2 });
    instance.detachRole();
    expect([instance.roleName(), instance.profileName(), instance.currentSet()]).toEqual([
      null,
      null,
      undefined,
    ]);
    instance.attachRole('example-role');
    expect(instance.currentSet()).toEqual(first);
  });

  test.each(['', 'two words', 'a/b', 'a\nb', 'x'.repeat(65)])('cannot be called %j', (name) => {
    const { instance } = instanceOn();
    expect(() => instance.attachRole(name)).toThrow('The name of the role must be 1 to 64 letters');
    expect(instance.roleName()).toBe('example-role');
  });

  test('has a profile whose name is checked too', () => {
    expect(() => instanceOn({ profile: 'a b' })).toThrow('The name of the instance profile must be 1 to 128');
  });
});
