import { test } from 'vitest';

export const isRoot = process.getuid?.() === 0;

/** For the title of a test that is skipped without. */
export const rootOnly = isRoot ? '' : ' (skipped: only root can become another user)';

export const testAsRoot = test.skipIf(!isRoot);
