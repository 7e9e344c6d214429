import { describe, expect, test } from 'vitest';
import { sharedAccess } from '../../../src/delivery/file-sinks/shared-access.ts';

const allowed = { mode: 0o640, uid: 10, gid: 20 };

describe('a file that others write too keeps its access', () => {
  test.each([
    ['that is the same', allowed],
    ['that is narrower', { ...allowed, mode: 0o600 }],
    ['of another group that may do nothing', { mode: 0o600, uid: 10, gid: 99 }],
  ])('%s', (_, existing) => {
    expect(sharedAccess(existing, allowed)).toEqual(existing);
  });
});

describe('unless ours would be read by more than may', () => {
  test.each([
    ['others', { ...allowed, mode: 0o644 }],
    ['a group that may write', { ...allowed, mode: 0o660 }],
    ['another group', { ...allowed, gid: 99 }],
    ['another owner', { ...allowed, mode: 0o600, uid: 99 }],
  ])('by %s', (_, existing) => {
    expect(() => sharedAccess(existing, allowed)).toThrow(
      `the file holds other profiles, and belongs to uid ${existing.uid} and gid ${existing.gid} with mode 0${existing.mode.toString(8)}: say the same with owner, group and mode (the last digit 0), or choose another path`,
    );
  });
});
