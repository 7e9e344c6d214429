import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { processUsage } from '../../src/platform/process-usage.ts';

test('counts the files that are open', () => {
  const before = processUsage().openDescriptors ?? Number.NaN;
  const fd = openSync('/dev/null', 'r');
  const after = processUsage().openDescriptors;
  closeSync(fd);
  expect(after).toBe(before + 1);
});

test('is in seconds and bytes', () => {
  const { cpuSeconds, residentBytes } = processUsage();
  expect(cpuSeconds).toBeGreaterThan(0);
  expect(cpuSeconds).toBeLessThan(10_000);
  expect(residentBytes).toBeGreaterThan(10_000_000);
});

test('without /proc does not know the descriptors', () => {
  expect(processUsage('/nonexistent').openDescriptors).toBeUndefined();
});
