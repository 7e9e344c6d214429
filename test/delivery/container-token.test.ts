import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ContainerToken, createContainerToken } from '../../src/delivery/container-token.ts';
import { systemFiles } from '../../src/platform/files.ts';
import { memoryLog } from '../support/memory-log.ts';

const uid = process.getuid?.() ?? 0;
let directory: string;
let path: string;
let boot: { id: string; uptimeSeconds: () => number };
let uptime: number;
let log: ReturnType<typeof memoryLog>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rolekeeper-test-'));
  path = join(directory, 'container-token');
  uptime = 1_000;
  boot = { id: 'boot-one', uptimeSeconds: () => uptime };
  log = memoryLog();
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The token as an agent that starts now has it. */
function start(files = systemFiles): ContainerToken {
  return createContainerToken({ path, gid: undefined, uid, boot, log, files });
}

function onDisk(): string {
  return readFileSync(path, 'utf8');
}

describe('the file', () => {
  test('holds 32 bytes in hexadecimal, and no newline', () => {
    start();
    expect(onDisk()).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([0o000, 0o077])('is 0640 and its state 0600 whatever the umask (%o)', (umask) => {
    const before = process.umask(umask);
    try {
      start();
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(statSync(`${path}.state`).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).sort()).toEqual(['container-token', 'container-token.state']);
  });

  test.runIf(uid === 0)('belongs to the group that may ask', () => {
    createContainerToken({ path, gid: 4242, uid, boot, log });
    expect(statSync(path).gid).toBe(4242);
    expect(statSync(`${path}.state`).gid).not.toBe(4242);
  });
});

describe('what is accepted', () => {
  test('what the file holds, and nothing else', () => {
    const token = start();
    expect(token.accepts(onDisk())).toBe(true);
    for (const other of [
      '',
      'x',
      onDisk().slice(1),
      `${onDisk()}\n`,
      onDisk().toUpperCase(),
      '0'.repeat(64),
    ]) {
      expect(token.accepts(other)).toBe(false);
    }
  });

  test('defect 17 of the peers: no length, and no letter that it begins with, is told by an error or the time', () => {
    const token = start();
    const right = onDisk();
    for (const other of [
      right.slice(0, 63),
      `${right}0`,
      right.repeat(1_000),
      '\ud800'.repeat(64),
      `é${right}`,
    ]) {
      expect(token.accepts(other)).toBe(false);
    }
    for (const name of ['container-token', 'issued-tokens']) {
      const source = readFileSync(new URL(`../../src/delivery/${name}.ts`, import.meta.url), 'utf8');
      expect(source).toContain('timingSafeEqual(');
      expect(source).not.toMatch(
        /\b(candidate|offered|token|left)\b\)* *[!=]==? *\(*\b(sealed|right|token|state)\b/,
      );
    }
  });

  test('the same token after a restart of the agent', () => {
    start();
    const before = onDisk();
    const token = start();
    expect(onDisk()).toBe(before);
    expect(token.accepts(before)).toBe(true);
    expect(log.lines).toEqual([]);
  });

  test('a new token after a boot, and the old one no longer', () => {
    start();
    const before = onDisk();
    boot = { ...boot, id: 'boot-two' };
    const token = start();
    expect(onDisk()).not.toBe(before);
    expect(token.accepts(onDisk())).toBe(true);
    expect(token.accepts(before)).toBe(false);
  });

  test('a new token where the stored state is open to others', () => {
    start();
    const before = onDisk();
    chmodSync(`${path}.state`, 0o644);
    expect(start().accepts(before)).toBe(false);
    expect(JSON.stringify(log.lines)).toContain('its mode is 0644');
  });

  test.each(['', '{', '[]', 'null', '{"boot":"boot-one","token":"short","previous":[]}'])(
    'a new token where the stored state is %j',
    (text) => {
      start();
      writeFileSync(`${path}.state`, text, { mode: 0o600 });
      const token = start();
      expect(token.accepts(onDisk())).toBe(true);
      expect(token.accepts('short')).toBe(false);
    },
  );
});

describe('defect 20 of the peers: rotation keeps what consumers hold good for a while', () => {
  const alterations: [string, () => void][] = [
    ['removed', () => rmSync(path)],
    ['overwritten', () => writeFileSync(path, 'EXAMPLE-my-own-token')],
    ['given a newline', () => writeFileSync(path, `${onDisk()}\n`)],
    ['opened to everybody', () => chmodSync(path, 0o644)],
    [
      'replaced by a link',
      () => {
        rmSync(path);
        symlinkSync('/etc/hostname', path);
      },
    ],
  ];

  test.each(alterations)('a file that was %s is put in place again, with a new token', (_, alter) => {
    const token = start();
    const before = onDisk();
    alter();
    token.check();
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(onDisk()).toMatch(/^[0-9a-f]{64}$/);
    expect(onDisk()).not.toBe(before);
    expect(token.accepts(onDisk())).toBe(true);
    expect(token.accepts('EXAMPLE-my-own-token')).toBe(false);
  });

  test.each(alterations)('also where it was %s while no agent ran', (_, alter) => {
    start();
    const before = onDisk();
    alter();
    const token = start();
    expect(onDisk()).toMatch(/^[0-9a-f]{64}$/);
    expect(onDisk()).not.toBe(before);
    expect(token.accepts(onDisk())).toBe(true);
    expect(token.accepts(before)).toBe(true);
  });

  test('a file that nobody touched stays as it is, inode and all', () => {
    const token = start();
    const { ino } = statSync(path);
    for (let minute = 0; minute < 100; minute++) token.check();
    expect(statSync(path).ino).toBe(ino);
  });

  test.each([
    ['1 s before the end of the overlap the previous token is good', 899, true],
    ['at its end no longer', 900, false],
    ['nor 1 s later', 901, false],
  ])('%s, over a restart too', (_, seconds, isGood) => {
    const token = start();
    const before = onDisk();
    rmSync(path);
    token.check();
    uptime += seconds;
    expect(token.accepts(before)).toBe(isGood);
    expect(start().accepts(before)).toBe(isGood);
    expect(token.accepts(onDisk())).toBe(true);
  });

  test('of many rotations the last four tokens stay good', () => {
    const token = start();
    const all: string[] = [];
    for (let round = 0; round < 10; round++) {
      all.push(onDisk());
      rmSync(path);
      token.check();
    }
    expect(all.map((old) => token.accepts(old))).toEqual([...Array(6).fill(false), ...Array(4).fill(true)]);
  });

  test('no token is in the log', () => {
    const token = start();
    const before = onDisk();
    writeFileSync(path, 'EXAMPLE-my-own-token');
    token.check();
    const logged = JSON.stringify(log.lines);
    expect(logged).toContain('there is a new token');
    for (const secret of [before, onDisk(), 'EXAMPLE-my-own-token']) expect(logged).not.toContain(secret);
  });
});

describe('where nothing can be written', () => {
  const fullDisk = {
    ...systemFiles,
    replace() {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
  };

  test('the agent goes on, says so, and puts the file in place once it can', () => {
    let isFull = true;
    const token = start({
      ...systemFiles,
      replace: (...args) => (isFull ? fullDisk.replace() : systemFiles.replace(...args)),
    });
    expect(log.lines).toHaveLength(1);
    expect(JSON.stringify(log.lines)).toContain('ENOSPC');
    isFull = false;
    token.check();
    expect(token.accepts(onDisk())).toBe(true);
  });

  test('the consumers of the token that was lost go on for the overlap', () => {
    start();
    const before = onDisk();
    rmSync(path);
    const token = start(fullDisk);
    expect(token.accepts(before)).toBe(true);
    uptime += 900;
    expect(token.accepts(before)).toBe(false);
  });
});
