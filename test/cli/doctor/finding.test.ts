import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findingMeanings } from '../../../src/cli/doctor/finding.ts';
import { repository } from '../../support/child.ts';

const ids = Object.keys(findingMeanings);

test('docs/doctor.md lists every finding with its meaning, and no other', () => {
  const page = readFileSync(`${repository}docs/doctor.md`, 'utf8');
  const listed = [...page.matchAll(/^\| `([\w-]+)` \| (.+) \|$/gm)].map(([, id, meaning]) => [id, meaning]);
  expect(listed).toEqual(Object.entries(findingMeanings));
});

test('every id is one that a check can give', () => {
  const folder = `${repository}src/cli/doctor/checks/`;
  const source = readdirSync(folder)
    .map((name) => readFileSync(folder + name, 'utf8'))
    .join('\n');
  expect(ids.filter((id) => !source.includes(`'${id}'`))).toEqual([]);
});
