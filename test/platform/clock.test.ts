import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compressedClock, systemBoot, systemClock } from '../../src/platform/clock.ts';
import { repository, run } from '../support/child.ts';
import { manualClock } from '../support/manual-clock.ts';

describe('The compressed clock', () => {
  test('starts where the real clocks are, and runs so many times as fast', async () => {
    const real = manualClock('2026-11-23T08:00:00Z');
    await real.advance(500);
    const clock = compressedClock(real, 3600);
    expect([clock.now(), clock.monotonic()]).toEqual([real.now(), real.monotonic()]);
    await real.advance(1_000);
    expect(clock.now()).toBe(Date.parse('2026-11-23T09:00:00.500Z'));
    expect(clock.monotonic()).toBe(1_500 + 3_600_000);
  });

  test('calls a timer after its delay by this clock, once', async () => {
    const real = manualClock();
    const clock = compressedClock(real, 60);
    const called: number[] = [];
    clock.setTimer(60_000, () => called.push(clock.monotonic()));
    await real.advance(999);
    expect(called).toEqual([]);
    await real.advance(5_000);
    expect(called).toEqual([1_000 + 60_000]);
  });

  test('calls no timer that was cancelled', async () => {
    const real = manualClock();
    const cancel = compressedClock(real, 60).setTimer(60_000, () => expect.unreachable());
    cancel();
    await real.advance(5_000);
    expect(real.pendingTimers()).toBe(0);
  });

  test('goes on by monotonic time when the real wall clock is stepped, in whole milliseconds', async () => {
    const real = manualClock('2026-11-23T08:00:00Z');
    const clock = compressedClock(real, 1.5);
    real.stepWall(-86_400_000);
    await real.advance(333);
    expect(clock.now()).toBe(Date.parse('2026-11-23T08:00:00.499Z'));
  });
});

describe("The machine's clock", () => {
  test('never goes back by the monotonic reading', () => {
    let before = systemClock.monotonic();
    for (let n = 0; n < 10_000; n++) {
      const now = systemClock.monotonic();
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
  });

  test('calls a timer once, and keeps the process alive for it; no cancelled one does either', async () => {
    const source = `
      import { systemClock } from ${JSON.stringify(`${repository}src/platform/clock.ts`)};
      const cancel = systemClock.setTimer(3_600_000, () => process.stdout.write('cancelled '));
      systemClock.setTimer(1, () => process.stdout.write('called '));
      cancel();
      cancel();`;
    const ended = await run([process.execPath, '--input-type=module', '-e', source]);
    expect(ended).toMatchObject({ code: 0, stdout: 'called ', stderr: '' });
  });
});

test('a boot has an id, and an uptime that the kernel gives, time in suspend included', () => {
  const boot = systemBoot();
  expect(boot.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(`${boot.id}\n`).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'ascii'));
  const [before = ''] = readFileSync('/proc/uptime', 'ascii').split(' ');
  const between = boot.uptimeSeconds();
  const [after = ''] = readFileSync('/proc/uptime', 'ascii').split(' ');
  expect(between).toBeGreaterThanOrEqual(Number(before));
  expect(between).toBeLessThanOrEqual(Number(after));
});
