import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyRules } from '../../src/network/apply-rules.ts';
import { createNft, type Nft, NftError } from '../../src/network/nft.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { standInNft } from '../support/stand-in-nft.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let standIn: ReturnType<typeof standInNft>;
let nft: Nft;
beforeEach(() => {
  directory = temporaryDirectory();
  standIn = standInNft(directory.path);
  nft = createNft({ programs: [standIn.program], clock: systemClock });
});
afterEach(() => directory[Symbol.dispose]());

const table = (content: string) => `table inet rolekeeper {\n\t${content}\n}`;
const reaches = async () => undefined;
const doesNotReach = async () => 'The agent does not reach IMDS';

test('rules with which the agent reaches IMDS stay', async () => {
  const inForce: string[] = [];
  const verify = async () => {
    inForce.push(standIn.inForce());
    return undefined;
  };
  expect(await applyRules({ nft, ruleset: table('new'), verify })).toEqual({ done: true });
  expect([...inForce, standIn.inForce()]).toEqual([table('new'), table('new')]);
});

test('without the agent reaching IMDS, the rules from before come back', async () => {
  await applyRules({ nft, ruleset: table('old'), verify: reaches });
  expect(await applyRules({ nft, ruleset: table('new'), verify: doesNotReach })).toEqual({
    done: false,
    problem: 'The agent does not reach IMDS',
    inForce: 'as-before',
  });
  expect(standIn.inForce()).toBe(table('old'));
});

test('where there were none, there are none again', async () => {
  const result = await applyRules({ nft, ruleset: table('new'), verify: doesNotReach });
  expect(result).toMatchObject({ done: false, inForce: 'no-rules' });
  expect(standIn.inForce()).toBe('');
});

test('a verification that breaks is one that did not succeed', async () => {
  const verify = () => Promise.reject(new Error('no such user'));
  const result = await applyRules({ nft, ruleset: table('new'), verify });
  expect(result).toMatchObject({ done: false, problem: 'Error: no such user', inForce: 'no-rules' });
  expect(standIn.inForce()).toBe('');
});

test('a ruleset that nft refuses is never loaded', async () => {
  await applyRules({ nft, ruleset: table('old'), verify: reaches });
  await expect(applyRules({ nft, ruleset: table('BROKEN'), verify: reaches })).rejects.toThrow(NftError);
  expect(standIn.inForce()).toBe(table('old'));
  expect(standIn.calls().filter((call) => call === '--file -')).toHaveLength(1);
});

test('rules that cannot be taken back are told as in force', async () => {
  // Refused when it is loaded a second time, as by a kernel that has come to know better.
  await applyRules({ nft, ruleset: table('old'), verify: reaches });
  const ours = async () => table('UNLOADABLE');
  const result = await applyRules({ nft: { ...nft, ours }, ruleset: table('new'), verify: doesNotReach });
  expect(result).toMatchObject({ done: false, inForce: 'unverified' });
  expect(!result.done && result.problem).toMatch(/does not reach IMDS\. Cannot load the rules/);
  expect(standIn.inForce()).toBe(table('new'));
});
