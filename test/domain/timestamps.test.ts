import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTimestamp, parseTimestamp } from '../../src/domain/timestamps.ts';

describe('formatTimestamp', () => {
  test.each([
    [Date.UTC(2026, 10, 23, 8, 0, 0, 0), '2026-11-23T08:00:00Z'],
    [Date.UTC(2026, 10, 23, 8, 0, 0, 1), '2026-11-23T08:00:00Z'],
    [Date.UTC(2026, 10, 23, 8, 0, 0, 999), '2026-11-23T08:00:00Z'],
    [Date.UTC(2026, 10, 23, 8, 0, 0, 999) + 0.9, '2026-11-23T08:00:00Z'],
    [Date.UTC(2028, 1, 29, 23, 59, 59), '2028-02-29T23:59:59Z'],
    [0, '1970-01-01T00:00:00Z'],
  ])('cuts %i to whole seconds, and promises no time that is not there', (instant, text) => {
    expect(formatTimestamp(instant)).toBe(text);
  });
});

describe('parseTimestamp', () => {
  test('reads what formatTimestamp writes, in every year of four digits', () => {
    const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59) / 1000 });
    fc.assert(
      fc.property(seconds, (second) => parseTimestamp(formatTimestamp(second * 1000)) === second * 1000),
    );
  });

  test.each([
    '',
    '2026-11-23',
    '2026-11-23T08:00Z',
    '2026-11-23T08:00:00',
    '2026-11-23 08:00:00Z',
    '2026-11-23T08:00:00z',
    '2026-11-23t08:00:00Z',
    '2026-11-23T08:00:00.000Z',
    '2026-11-23T08:00:00+00:00',
    ' 2026-11-23T08:00:00Z',
    '2026-11-23T08:00:00Z\n',
    '+002026-11-23T08:00:00Z',
    '12026-11-23T08:00:00Z',
    '+012026-11-23T08:00Z',
    '２０２６-11-23T08:00:00Z',
    '1763884800',
    'Mon, 23 Nov 2026 08:00:00 GMT',
    'null',
  ])('refuses %j, which is another shape', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  test.each([
    '2026-02-30T08:00:00Z',
    '2026-02-29T08:00:00Z',
    '2026-04-31T08:00:00Z',
    '2026-13-01T08:00:00Z',
    '2026-00-10T08:00:00Z',
    '2026-11-00T08:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T25:00:00Z',
    '2026-11-23T08:60:00Z',
    '2026-11-23T23:59:60Z',
  ])('refuses %s, which does not exist', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});
