import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createIssuedTokens } from '../../src/delivery/issued-tokens.ts';
import { systemFiles } from '../../src/platform/files.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

const uid = process.getuid?.() ?? 0;
let directory: string;
let keyPath: string;
let clock: ManualClock;
let log: ReturnType<typeof memoryLog>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
  keyPath = join(directory, 'imds-token-key');
  clock = manualClock();
  log = memoryLog();
});
afterEach(() => rmSync(directory, { recursive: true }));

function start(files = systemFiles) {
  return createIssuedTokens({ keyPath, uid, clock, log, files });
}

describe('a token', () => {
  test('has 56 characters, as real ones do, that fit into a header', () => {
    expect(start().issue(21_600)).toMatch(/^[A-Za-z0-9_-]{54}==$/);
  });

  test('is another one every time', () => {
    const tokens = start();
    expect(new Set(Array.from({ length: 100 }, () => tokens.issue(60))).size).toBe(100);
  });

  test.each([1, 60, 21_600])('lives exactly as long as was asked: %i s', async (ttl) => {
    const tokens = start();
    const token = tokens.issue(ttl);
    expect(tokens.remainingSeconds(token)).toBe(ttl);
    await clock.advance(ttl * 1_000 - 1);
    expect(tokens.remainingSeconds(token)).toBe(0);
    await clock.advance(1);
    expect(tokens.remainingSeconds(token)).toBeUndefined();
    await clock.advance(1_000);
    expect(tokens.remainingSeconds(token)).toBeUndefined();
  });

  test('is not cut short where it is issued within a second', async () => {
    const tokens = start();
    await clock.advance(999);
    const token = tokens.issue(1);
    await clock.advance(999);
    expect(tokens.remainingSeconds(token)).toBe(0);
  });

  test('says at most six hours where the clock was stepped back', () => {
    const tokens = start();
    const token = tokens.issue(21_600);
    clock.stepWall(-86_400_000);
    expect(tokens.remainingSeconds(token)).toBe(21_600);
  });

  test('with any one character changed is refused', () => {
    const tokens = start();
    const token = tokens.issue(21_600);
    for (let at = 0; at < token.length; at++) {
      for (const character of ['A', 'B', '=', '-', '+', ' ']) {
        const forged = token.slice(0, at) + character + token.slice(at + 1);
        if (forged !== token) expect(tokens.remainingSeconds(forged)).toBeUndefined();
      }
    }
  });

  test.each([
    '',
    '=',
    '==',
    'A'.repeat(54),
    `${'A'.repeat(54)}==`,
    'A'.repeat(7_000),
    '\u0000',
    'ü'.repeat(56),
  ])('is none of ours: %j', (token) => {
    expect(start().remainingSeconds(token)).toBeUndefined();
  });
});

describe('the key', () => {
  test('is kept over a restart, so that tokens are', () => {
    const token = start().issue(21_600);
    expect(start().remainingSeconds(token)).toBe(21_600);
    expect(log.lines).toEqual([]);
  });

  test('is in a file that only the agent can read', () => {
    start();
    expect(readFileSync(keyPath, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(keyPath).mode & 0o777).toBe(0o600);
  });

  test('is not trusted where others could read it', () => {
    const token = start().issue(21_600);
    chmodSync(keyPath, 0o640);
    expect(start().remainingSeconds(token)).toBeUndefined();
    expect(statSync(keyPath).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(log.lines)).toContain('its mode is 0640');
  });

  test.each(['', 'EXAMPLE', '0'.repeat(63)])('is made anew where the file holds %j', (text) => {
    writeFileSync(keyPath, text, { mode: 0o600 });
    start();
    expect(readFileSync(keyPath, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('of another agent signs nothing for this one', () => {
    const token = start().issue(21_600);
    rmSync(keyPath);
    expect(start().remainingSeconds(token)).toBeUndefined();
  });

  test('that cannot be stored still signs, and that is said', () => {
    const tokens = start({
      ...systemFiles,
      replace() {
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      },
    });
    expect(tokens.remainingSeconds(tokens.issue(60))).toBe(60);
    expect(JSON.stringify(log.lines)).toContain('ENOSPC');
  });

  test('is never in the log', () => {
    start();
    const key = readFileSync(keyPath, 'utf8');
    chmodSync(keyPath, 0o644);
    start();
    expect(JSON.stringify(log.lines)).not.toContain(key);
  });
});
