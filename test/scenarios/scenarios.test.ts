import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { playScenario, readScenario } from '../support/scenario.ts';
import { INSTANCE_WORDS, WORDS } from '../support/scenario-words.ts';

const here = new URL('.', import.meta.url);
const folders = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('Scenario', () => {
  test.each(folders)('%s', async (folder) => {
    const text = readFileSync(new URL(`${folder}/scenario.json`, here), 'utf8');
    await playScenario(readScenario(JSON.parse(text)));
  });
});

test('The README tells of every word, and of none that does not exist', () => {
  const readme = readFileSync(new URL('README.md', here), 'utf8');
  const told = [...readme.matchAll(/^\| `"(\w+)"/gm)].map((match) => match[1]);
  expect(told.sort()).toEqual([...INSTANCE_WORDS, ...Object.keys(WORDS)].sort());
});
