import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { hmacSha256, timingSafeEqual } from '../../src/platform/cryptography.ts';
import { repository, run } from '../support/child.ts';

test('is that of node:crypto', () => {
  const [key, content] = [Buffer.from('key'), Buffer.from('content')];
  expect(hmacSha256(key, content)).toEqual(createHmac('sha256', key).update(content).digest());
  expect(timingSafeEqual(key, Buffer.from('key'))).toBe(true);
  expect(timingSafeEqual(key, Buffer.from('kez'))).toBe(false);
  expect(() => timingSafeEqual(key, content)).toThrow(RangeError);
});

test('is loaded when it is used, and not before', async () => {
  const program = `
    import { hmacSha256 } from ${JSON.stringify(`${repository}src/platform/cryptography.ts`)};
    const isLoaded = () => process.moduleLoadList.includes('NativeModule crypto');
    const before = isLoaded();
    hmacSha256(Buffer.from('key'), Buffer.from('content'));
    console.log(before, isLoaded());`;
  const { stdout, stderr } = await run([process.execPath, '--input-type=module', '-e', program]);
  expect(stderr).toBe('');
  expect(stdout).toBe('false true\n');
});
