import { expect, test } from 'vitest';
import { repository, run } from '../support/child.ts';

const module = `${repository}src/platform/standard-streams.ts`;
const program = (text: string) => [
  process.execPath,
  '--input-type=module',
  '-e',
  `import { writeTo } from ${JSON.stringify(module)};\n${text}`,
];

test('text goes to the stream that is meant', async () => {
  const ended = await run(program("await writeTo(1, 'out é\\n'); await writeTo(2, 'error\\n');"));
  expect(ended).toMatchObject({ code: 0, stdout: 'out é\n', stderr: 'error\n' });
});

test('a pipe that is full and does not wait is written to as it is emptied', async () => {
  // Node makes its own end of the pipe one that does not wait, once the stream was touched.
  const text = `
    process.stdout.write('');
    process.stdout._handle?.setBlocking?.(false);
    await writeTo(1, 'x'.repeat(5_000_000));
    await writeTo(1, 'end');`;
  const { code, stdout } = await run(program(text));
  expect(code).toBe(0);
  expect(stdout.length).toBe(5_000_003);
  expect(stdout.endsWith('xend')).toBe(true);
});

test('what cannot be written is an error', async () => {
  const script = '"$@" >/dev/full';
  const text = "await writeTo(1, 'x').catch(({ code }) => writeTo(2, 'said ' + code));";
  const { stderr } = await run(['/bin/sh', '-c', script, 'sh', ...program(text)]);
  expect(stderr).toBe('said ENOSPC');
});
