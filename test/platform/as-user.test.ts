import { describe, expect, test } from 'vitest';
import { asUser } from '../../src/platform/as-user.ts';
import { run } from '../support/child.ts';
import { isRoot, NOBODY } from '../support/machine.ts';

const module = new URL('../../src/platform/as-user.ts', import.meta.url).href;

/** In a process of its own: the tests' own user stays what it is. */
async function said(body: string): Promise<string> {
  const script = `import { asUser } from ${JSON.stringify(module)};
    const uid = () => process.geteuid();
    ${body}`;
  const { stdout, stderr } = await run([process.execPath, '--input-type=module', '-e', script]);
  return stdout.trim() || stderr;
}

test('as oneself, the work is simply done', async () => {
  expect(await asUser(process.geteuid?.() ?? -1, async () => 'done')).toBe('done');
});

describe.runIf(isRoot)('as another user (takes root)', () => {
  test('the work is that user’s, and we are ourselves again afterwards', async () => {
    expect(await said(`console.log(await asUser(${NOBODY}, async () => uid()), uid());`)).toBe(`${NOBODY} 0`);
  });

  test('also after work that failed', async () => {
    const body = `await asUser(${NOBODY}, () => Promise.reject(new Error())).catch(() => console.log('failed', uid()));`;
    expect(await said(body)).toBe('failed 0');
  });
});
