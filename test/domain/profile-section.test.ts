import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readProfile, unreadable, withProfileKeys } from '../../src/domain/profile-section.ts';
import { type Ini, python, readByPython } from './configparser.ts';

const own = { remark: '# ours', keys: new Set(['aws_key', 'aws_token']) };
const A = [
  ['aws_key', 'A'],
  ['aws_token', 'tA=='],
] as const;
const B = [['aws_key', 'B']] as const;

function show(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (each) => `\\x${each.charCodeAt(0).toString(16)}`);
}

function write(text: string, keys: typeof A | typeof B | 'none' = A): string {
  return withProfileKeys(text, 'default', keys === 'none' ? undefined : keys, own);
}

const SECTION = '[default]\n# ours\naws_key = A\naws_token = tA==\n';

describe('a file without the profile gets it at its end', () => {
  test.each([
    ['', SECTION],
    ['[a]\nx = 1\n', `[a]\nx = 1\n${SECTION}`],
    ['[a]\nx = 1', `[a]\nx = 1\n${SECTION.slice(0, -1)}`],
    ['[a]\r\nx = 1\r\n', `[a]\r\nx = 1\r\n${SECTION.replaceAll('\n', '\r\n')}`],
    ['[a]\nx = 1\r\n', `[a]\nx = 1\r\n${SECTION}`],
    ['[default]]\naws_key = x\n', `[default]]\naws_key = x\n${SECTION}`],
    ['# only a remark\n\n', `# only a remark\n\n${SECTION}`],
    ['\xef\xbb\xbf', `\xef\xbb\xbf${SECTION.slice(0, -1)}`],
    ['\xef\xbb\xbf[a]\nx=1\n', `\xef\xbb\xbf[a]\nx=1\n${SECTION}`],
    ['[Default]\naws_key = x\n', `[Default]\naws_key = x\n${SECTION}`],
    ['[ default ]\naws_key = x\n', `[ default ]\naws_key = x\n${SECTION}`],
    ['[default-2]\naws_key = x\n', `[default-2]\naws_key = x\n${SECTION}`],
    ['[a]\nx =\n  [default]\n', `[a]\nx =\n  [default]\n${SECTION}`],
  ])('%j', (before, after) => {
    expect(write(before)).toBe(after);
  });
});

describe('a profile that is there is written in its place', () => {
  test.each([
    ['alone', '[default]\naws_key = old\naws_token=old\n', SECTION],
    ['without keys', '[default]\n', SECTION],
    ['without keys and line end', '[default]', SECTION.slice(0, -1)],
    ['before another', '[default]\naws_key=x\n[b]\ny=2\n', `${SECTION}[b]\ny=2\n`],
    [
      'between others, with the remark of the next',
      '[a]\nx=1\n\n[default]\naws_key=x\n\n# team b\n[b]\ny=2',
      `[a]\nx=1\n\n${SECTION}\n# team b\n[b]\ny=2`,
    ],
    [
      'with keys that are not ours',
      '[default]\nregion = eu-west-1\nAWS_KEY: old\noutput=json\n',
      `${SECTION}region = eu-west-1\noutput=json\n`,
    ],
    [
      'with a remark of its own',
      '[default] ; mine\n; keep\naws_key=x\n',
      `${SECTION.replace(']', '] ; mine')}; keep\n`,
    ],
    [
      'with CRLF in a file that begins with LF',
      '[a]\nx=1\n[default]\r\naws_key=x\r\n',
      `[a]\nx=1\n${SECTION.replaceAll('\n', '\r\n')}`,
    ],
    ['with CRLF', '[default]\r\naws_key=x\r\n', SECTION.replaceAll('\n', '\r\n')],
    ['after a BOM', '\xef\xbb\xbf[default]\naws_key=x\n', `\xef\xbb\xbf${SECTION}`],
    ['in several lines', '[default]\naws_key =\n  x\n\n  y\nz = 1\n', `${SECTION}\nz = 1\n`],
    ['twice', '[default]\naws_key=x\n[a]\nx=1\n[default]\naws_key=y\n', `${SECTION}[a]\nx=1\n`],
    [
      'twice, once with a key that is not ours',
      '[default]\naws_key=x\n[default]\naws_key=y\nregion=z\n',
      `${SECTION}[default]\nregion=z\n`,
    ],
    [
      'before an indented key',
      '[default]\n  region = x\n',
      '[default]\n  # ours\n  aws_key = A\n  aws_token = tA==\n  region = x\n',
    ],
    [
      'before an indented profile',
      '[default]\n  aws_key = x\n  [b]\n  y = 1\n',
      '[default]\n  # ours\n  aws_key = A\n  aws_token = tA==\n  [b]\n  y = 1\n',
    ],
  ])('%s', (_, before, after) => {
    expect(write(before)).toBe(after);
    expect(write(after)).toBe(after);
  });
});

test('a key that is not written any more goes', () => {
  expect(write(SECTION, B)).toBe('[default]\n# ours\naws_key = B\n');
});

test('a value that begins like a remark stands close to its key', () => {
  expect(withProfileKeys('', 'p', [['aws_key', '#x']], own)).toBe('[p]\n# ours\naws_key=#x\n');
  expect(withProfileKeys('', 'p', [['aws_key', 'x#;']], own)).toBe('[p]\n# ours\naws_key = x#;\n');
});

describe('without its keys', () => {
  test.each([
    ['a profile that has no others goes', `[a]\nx=1\n${SECTION}[b]\ny=2\n`, '[a]\nx=1\n[b]\ny=2\n'],
    ['a profile that has others stays', `${SECTION}region=x\n`, '[default]\nregion=x\n'],
    ['remarks stay', `[a]\nx=1\n\n${SECTION}\n# team b\n[b]\ny=2`, '[a]\nx=1\n\n\n# team b\n[b]\ny=2'],
    ['a file that has nothing else is empty', SECTION, ''],
    [
      'a header stays that keeps the next from being read as a value',
      '[a]\nx=1\n[default]\n  aws_key=x\n  [b]\n',
      '[a]\nx=1\n[default]\n  [b]\n',
    ],
    ['a file without the profile stays', '[a]\naws_key=x', '[a]\naws_key=x'],
  ])('%s', (_, before, after) => {
    expect(write(before, 'none')).toBe(after);
  });
});

describe('readProfile', () => {
  test('gives keys in lower case and values without blanks around them', () => {
    const text =
      '[a]\naws_key=no\n[default]\nAWS_KEY : A \naws_token=t=\n[b]\n[default]\naws_key=second\nz\nV\t\v\f=\f\v \tV \t\v\f\n';
    expect(readProfile(text, 'default')).toEqual(
      new Map([
        ['aws_key', 'A'],
        ['aws_token', 't='],
        ['z', ''],
        ['v', 'V'],
      ]),
    );
  });

  test('knows a profile that is not there', () => {
    expect(readProfile('[a]\n x = [default]\n', 'default')).toBeUndefined();
  });
});

describe('a text that cannot be edited line by line is told', () => {
  test.each([
    ['root:x:0:0:root:/root:/bin/sh\n', 'it does not begin with a [profile]'],
    ['\n# remark\naws_key = x\n[default]\n', 'it does not begin with a [profile]'],
    ['{"Version":1}', 'it does not begin with a [profile]'],
    ['[a]\0', 'it holds NUL bytes and is no text'],
    ['[a]\rx = 1\r', 'its lines end in CR alone'],
  ])('%j', (text, fault) => {
    expect(unreadable(text)).toBe(fault);
  });

  test.each(['', '\n', '# remark', '; remark\r\n\r\n', '\xef\xbb\xbf[a]', '  [a]\n x = 1'])(
    '%j can',
    (text) => {
      expect(unreadable(text)).toBeUndefined();
    },
  );
});

/** Much work, for a machine that may be busy. */
const PATIENT = { timeout: 60_000 };

/** Bytes that people and programs leave in such files, in every order. */
const lineEnd = fc.constantFrom('\n', '\n', '\r\n');
const blanks = fc.constantFrom('', '', '', ' ', '  ', '\t', '    ');
const word = fc.oneof(
  fc.constantFrom(
    'x',
    'region',
    'aws_key',
    'AWS_TOKEN',
    'aws_key_2',
    '\xc3\xbc',
    'a b',
    '[x',
    '1',
    '%(y)s',
    '"q"',
  ),
  fc.string({
    unit: fc.constantFrom(
      'a',
      'Z',
      '0',
      '[',
      ']',
      '#',
      ';',
      '=',
      ':',
      ' ',
      '"',
      "'",
      '\\',
      '\xa0',
      '\x85',
      '\x0b',
    ),
    maxLength: 6,
  }),
);
const line = (header: fc.Arbitrary<string>) =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(blanks, word, fc.constantFrom('=', ' = ', ':', ' : '), word).map((p) => p.join('')),
    },
    { weight: 2, arbitrary: fc.tuple(blanks, header).map((p) => p.join('')) },
    { weight: 1, arbitrary: fc.tuple(blanks, fc.constantFrom('#', ';'), word).map((p) => p.join('')) },
    { weight: 1, arbitrary: fc.tuple(blanks, word).map((p) => p.join('')) },
    { weight: 1, arbitrary: blanks },
  );
const foreignHeader = fc.constantFrom(
  '[a]',
  '[b] # c',
  '[profile default]',
  '[a b]',
  '[DEFAULT2]',
  '[c]',
  '[d]',
);
const anyHeader = fc.oneof(foreignHeader, fc.constantFrom('[default]', '[default]', '[default] ; x'));
const lines = (header: fc.Arbitrary<string>) =>
  fc
    .array(
      fc.tuple(line(header), lineEnd).map((p) => p.join('')),
      { maxLength: 8 },
    )
    .map((each) => each.join(''));

const editable = (text: string) => unreadable(text) === undefined;
const withEnd = fc
  .tuple(fc.constantFrom('', '\xef\xbb\xbf'), lines(anyHeader), line(anyHeader))
  .map((p) => p.join(''));

describe('whatever stands in the file', PATIENT, () => {
  test('what is before and after the profile stays, byte for byte', () => {
    const before = lines(foreignHeader).map((text) => (text === '' ? '' : `[z]\n${text}`));
    const mine = fc
      .tuple(
        fc.constantFrom('[default]', '[default] # x', ' [default]'),
        lineEnd,
        fc.constantFrom('', 'aws_key=1\n', ' aws_key = 1\r\n  more\n', 'AWS_TOKEN: x\n'),
      )
      .map((p) => p.join(''));
    const after = fc
      .tuple(foreignHeader, lineEnd, lines(foreignHeader), line(foreignHeader))
      .map((p) => p.join(''));
    fc.assert(
      fc.property(before, mine, after, fc.constantFrom(A, B, 'none' as const), (head, middle, tail, keys) => {
        const text = head + middle + tail;
        // A header that is deeper than the key above it is a part of that key's value.
        fc.pre(editable(text) && readProfile(text, 'default') !== undefined);
        const edited = write(text, keys);
        expect(edited.startsWith(head)).toBe(true);
        expect(edited.endsWith(tail)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('writing again changes nothing, and only the last set counts', () => {
    fc.assert(
      fc.property(withEnd, (text) => {
        fc.pre(editable(text));
        expect(write(write(text, A), A)).toBe(write(text, A));
        expect(write(write(text, A), B)).toBe(write(text, B));
        expect(readProfile(write(text, B), 'default')?.get('aws_key')).toBe('B');
        expect(readProfile(write(text, B), 'default')?.has('aws_token')).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a profile that was added and taken away again leaves no trace', () => {
    fc.assert(
      fc.property(withEnd, (text) => {
        fc.pre(editable(text) && readProfile(text, 'default') === undefined);
        expect(write(write(text, A), 'none')).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  test.skipIf(python === undefined)(
    'Python reads the keys that were written, and everything else as before',
    () => {
      const texts = fc
        .sample(withEnd.filter(editable), 4_000)
        .map((text) => text.replace(/^\xef\xbb\xbf/, ''));
      const before = readByPython(texts);
      const after = readByPython(texts.map((text) => write(text, A)));
      const without = readByPython(texts.map((text) => write(text, 'none')));
      let compared = 0;
      texts.forEach((text, index) => {
        const was = before[index];
        if (was === undefined || typeof was === 'string') return;
        compared++;
        expect(after[index], show(text)).toEqual({
          ...was,
          default: { ...foreign(was), aws_key: 'A', aws_token: 'tA==' },
        });
        const { default: mine, ...others } = was;
        const left = foreign(was);
        const isEmpty = mine === undefined || Object.keys(left).length === 0;
        const { default: still, ...stay } = without[index] as Exclude<Ini, string>;
        expect(stay, show(text)).toEqual(others);
        expect(still ?? {}, show(text)).toEqual(isEmpty ? {} : left);
      });
      expect(compared).toBeGreaterThan(500);

      function foreign(ini: Exclude<Ini, string>) {
        return Object.fromEntries(Object.entries(ini.default ?? {}).filter(([key]) => !own.keys.has(key)));
      }
    },
  );
});
