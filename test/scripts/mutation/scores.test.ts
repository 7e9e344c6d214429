import { expect, test } from 'vitest';
import { scoresOf } from '../../../scripts/mutation/scores.ts';

const mutants = (killed: number, survived: number, ...others: string[]) => ({
  mutants: [
    ...Array.from({ length: killed }, () => ({ status: 'Killed' })),
    ...Array.from({ length: survived }, () => ({ status: 'Survived' })),
    ...others.map((status) => ({ status })),
  ],
});

test('counts by folder and by file, and takes a mutant that never ends for a noticed one', () => {
  const files = {
    'src/domain/a.ts': mutants(7, 1, 'Timeout', 'NoCoverage'),
    'src/domain/b.ts': mutants(10, 0),
    'src/domains/c.ts': mutants(0, 9),
  };
  expect(scoresOf({ files }, [{ folder: 'src/domain', percent: 90 }])).toEqual({
    lines: [
      'src/domain                                90.0 %  17 killed, 1 timed out, 1 survived, 1 not covered',
      '  src/domain/a.ts                         80.0 %  7 killed, 1 timed out, 1 survived, 1 not covered',
      '  src/domain/b.ts                        100.0 %  10 killed, 0 timed out, 0 survived, 0 not covered',
    ],
    tooLow: [],
  });
});

test('says which folder is below its floor, and never rounds one up to it', () => {
  const files = { 'src/imds/a.ts': mutants(8_999, 1_001), 'src/domain/b.ts': mutants(9, 1) };
  const floors = [
    { folder: 'src/domain', percent: 90 },
    { folder: 'src/imds', percent: 90 },
  ];
  expect(scoresOf({ files }, floors).tooLow).toEqual(['src/imds has 89.9 %, expected at least 90 %']);
});

test('leaves out what says nothing about the tests, and folders and files without mutants', () => {
  const files = {
    'src/imds/a.ts': mutants(1, 0, 'Ignored', 'CompileError'),
    'src/imds/types.ts': mutants(0, 0),
  };
  const floors = [
    { folder: 'src/domain', percent: 90 },
    { folder: 'src/imds', percent: 90 },
  ];
  expect(scoresOf({ files }, floors)).toEqual({
    lines: [
      'src/imds                                 100.0 %  1 killed, 0 timed out, 0 survived, 0 not covered',
      '  src/imds/a.ts                          100.0 %  1 killed, 0 timed out, 0 survived, 0 not covered',
    ],
    tooLow: [],
  });
});
