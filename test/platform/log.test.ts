import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogFields } from '../../src/domain/ports.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createLog, type LogFormat, type LogLevel, logFormat } from '../../src/platform/log.ts';
import { createLogLimit } from '../../src/platform/log-limit.ts';
import { repository } from '../support/child.ts';
import { manualClock } from '../support/manual-clock.ts';

const FORMATS: readonly LogFormat[] = ['json', 'text', 'journal'];
/** Whatever some program takes for the end of a line, or a terminal for a command. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const HOSTILE = 'a\nb\r\n<0>forged\u2028c\u2029d\u0085e\u001b[2Jf\0g\u007fh\u009bi\tj';

function written(format: LogFormat, level: LogLevel = 'debug') {
  const stream = new PassThrough({ encoding: 'utf8' });
  const log = createLog({ level, format, clock: manualClock('2026-11-23T08:00:00Z'), stream });
  return { ...log, text: () => (stream.read() ?? '') as string };
}

describe('One line', () => {
  const fields = { role: 'web', generation: 3, ok: true, note: 'two words', none: undefined };

  test('in JSON has time, level, message and fields', () => {
    const log = written('json');
    log.warn('IMDS said "no"', fields);
    expect(log.text()).toBe(
      '{"time":"2026-11-23T08:00:00.000Z","level":"warn","message":"IMDS said \\"no\\"","role":"web","generation":3,"ok":true,"note":"two words"}\n',
    );
  });

  test('in text has time, level, message and fields', () => {
    const log = written('text');
    log.info('IMDS said "no"', fields);
    log.error('And again');
    expect(log.text()).toBe(
      '2026-11-23T08:00:00.000Z info  IMDS said "no" role=web generation=3 ok=true note="two words"\n2026-11-23T08:00:00.000Z error And again\n',
    );
  });

  test('for the journal begins with its priority instead of time and level', () => {
    const log = written('journal');
    log.error('a');
    log.warn('b');
    log.info('c', { role: 'web' });
    log.debug('d');
    expect(log.text()).toBe('<3>a\n<4>b\n<6>c role=web\n<7>d\n');
  });

  test.each([
    ['…0001', 'key=…0001'],
    ['', 'key=""'],
    ['a b', 'key="a b"'],
    ['a=b', 'key="a=b"'],
    ['say "x"', 'key="say \\"x\\""'],
    ['/run/rolekeeper', 'key=/run/rolekeeper'],
    ['\u001b[2J', 'key="\\u001b[2J"'],
    ['a\u0085b', 'key="a\\u0085b"'],
  ])('in text shows the value %j so that its end can be seen', (value, shown) => {
    const log = written('text');
    log.info('x', { key: value });
    expect(log.text()).toBe(`2026-11-23T08:00:00.000Z info  x ${shown}\n`);
  });

  test.each(FORMATS)('in %s keeps its fields although the message has a percent sign in it', (format) => {
    const log = written(format);
    log.info('100%d of %s at /%c3%a9 %%', { kept: 'yes' });
    const text = log.text();
    expect(text).toContain('100%d of %s at /%c3%a9 %%');
    expect(text).toMatch(/kept"?[=:]"?yes/);
  });
});

describe('Nobody can forge a line', () => {
  test.each(FORMATS)('in %s with a line break or a control character', (format) => {
    const log = written(format);
    log.info(HOSTILE, { value: HOSTILE });
    expectOneLine(log.text());
  });

  test('in JSON, and what was said comes out as it was', () => {
    const log = written('json');
    log.info(HOSTILE, { value: HOSTILE });
    expect(JSON.parse(log.text())).toMatchObject({ message: HOSTILE, value: HOSTILE });
  });

  test.each(FORMATS)('in %s with any text at all', (format) => {
    const log = written(format);
    const anyText = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(anyText, anyText, (message, value) => {
        log.error(message, { value });
        expectOneLine(log.text());
      }),
    );
  });

  function expectOneLine(text: string): void {
    expect(text.at(-1)).toBe('\n');
    expect(text.slice(0, -1)).not.toMatch(UNPRINTABLE);
  }
});

test.each([
  ['error', 'e'],
  ['warn', 'ew'],
  ['info', 'ewi'],
  ['debug', 'ewid'],
] as const)('at level %s only %s is written', (level, expected) => {
  const log = written('text', level);
  log.error('e');
  log.warn('w');
  log.info('i');
  log.debug('d');
  expect(log.text().replaceAll(/^\S+ \S+ +(.)\n/gm, '$1')).toBe(expected);
});

test.each(FORMATS)('a secret that is forced into a field shows as [secret] in %s', (format) => {
  const log = written(format);
  const secret = new Secret('EXAMPLESecretAccessKey0001');
  const forced = { secret } as unknown as LogFields;
  log.error(`with ${secret}`, forced);
  const text = log.text();
  expect(text).not.toContain('EXAMPLE');
  expect(text.match(/\[secret\]/g)).toHaveLength(2);
});

describe('A stream that is broken', () => {
  test.each([
    ['fails at every write', (done: (error?: Error) => void) => done(new Error('EIO'))],
    ['never takes anything', () => {}],
  ])('because it %s does not stop the agent', async (_, write) => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => write(done), highWaterMark: 1 });
    const log = createLog({ level: 'info', format: 'text', clock: manualClock(), stream });
    for (let n = 0; n < 1_000; n++) log.info('still alive');
    await new Promise((resolve) => setImmediate(resolve));
    log.info('still alive');
  });

  test('because it was destroyed does not stop the agent', async () => {
    const stream = new PassThrough();
    const log = createLog({ level: 'info', format: 'text', clock: manualClock(), stream });
    stream.destroy(new Error('gone'));
    await new Promise((resolve) => setImmediate(resolve));
    log.info('still alive');
    await new Promise((resolve) => setImmediate(resolve));
  });

  test('because its reader has gone does not end the process', async () => {
    const source = `
      import { createLog } from ${JSON.stringify(`${repository}src/platform/log.ts`)};
      import { systemClock as clock } from ${JSON.stringify(`${repository}src/platform/clock.ts`)};
      const log = createLog({ level: 'info', format: 'text', clock, stream: process.stderr });
      process.stdin.once('end', () => {
        for (let n = 0; n < 100; n++) log.info('still alive');
        setImmediate(() => { log.info('still alive'); process.stdout.write('survived'); });
      }).resume();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source]);
    child.stderr.destroy();
    await once(child.stderr, 'close');
    child.stdin.end();
    expect(await text(child.stdout)).toBe('survived');
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(0);
  });
});

test.each([
  ['auto', {}, '8:1234', 'text'],
  ['auto', { JOURNAL_STREAM: '8:1234' }, '8:1234', 'journal'],
  ['auto', { JOURNAL_STREAM: '8:1234' }, '8:9999', 'text'],
  ['auto', { JOURNAL_STREAM: '8:1234' }, undefined, 'text'],
  ['json', { JOURNAL_STREAM: '8:1234' }, '8:1234', 'json'],
  ['text', { JOURNAL_STREAM: '8:1234' }, '8:1234', 'text'],
] as const)('the format %s with %j and stderr %s is %s', (setting, env, stderr, format) => {
  expect(logFormat(setting, env, stderr)).toBe(format);
});

test('the journal’s form is for the stream that systemd has connected, as the kernel names it', () => {
  const { dev, ino } = fstatSync(2);
  expect(logFormat('auto', { JOURNAL_STREAM: `${dev}:${ino}` })).toBe('journal');
  expect(logFormat('auto', { JOURNAL_STREAM: `${dev}:${ino + 1}` })).toBe('text');
});

describe('With a limit', () => {
  test('a line in a loop is left out, and the next that is written says how many were', async () => {
    const clock = manualClock('2026-11-23T08:00:00Z');
    const stream = new PassThrough({ encoding: 'utf8' });
    const limit = createLogLimit({ clock, atOnce: 2, perMinute: 1 });
    const log = createLog({ level: 'info', format: 'text', clock, stream, limit });
    for (let n = 1; n <= 5; n++) log.warn('again', { n });
    log.info('another');
    log.debug('not written, so not counted');
    await clock.advance(60_000);
    log.warn('again', { n: 6 });
    log.warn('again', { n: 7 });
    expect((stream.read() as string).replaceAll(/^\S+ /gm, '')).toBe(
      'warn  again n=1\nwarn  again n=2\ninfo  another\nwarn  again n=6 left_out=3\n',
    );
  });
});
