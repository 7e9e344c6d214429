import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { groupId } from '../../src/platform/groups.ts';
import { temporaryDirectory } from '../support/agent-process.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let file: string;
beforeEach(() => {
  directory = temporaryDirectory();
  file = join(directory.path, 'group');
  writeFileSync(file, 'root:x:0:\nrolekeeper:x:995:alice,bob\nbroken\nnoid:x::\nword:x:many:\n+::::\n');
});
afterEach(() => directory[Symbol.dispose]());

test.each([
  ['root', 0],
  ['rolekeeper', 995],
  ['995', 995],
  ['0', 0],
  ['4242', 4242],
])('the group %s has the id %i', (name, id) => {
  expect(groupId(name, file)).toBe(id);
});

test.each(['role', 'rolekeeper ', 'Rolekeeper', 'alice', 'broken', 'noid', 'word', '', 'x', '-1', '1e3'])(
  'there is no group %j',
  (name) => {
    expect(groupId(name, file)).toBeUndefined();
  },
);

test("the machine's own groups are asked by default", () => {
  const [, name = '', id = ''] = /^([^:\n]+):[^:\n]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8')) ?? [];
  expect(groupId(name)).toBe(Number(id));
});
