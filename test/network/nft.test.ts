import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNft, NftError } from '../../src/network/nft.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { temporaryDirectory } from '../support/agent-process.ts';
import { standInNft } from '../support/stand-in-nft.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let standIn: ReturnType<typeof standInNft>;
beforeEach(() => {
  directory = temporaryDirectory();
  standIn = standInNft(directory.path);
});
afterEach(() => directory[Symbol.dispose]());

const nft = (...programs: readonly string[]) => createNft({ programs, clock: systemClock });
const TABLE = 'table inet rolekeeper {\n}';

test('our table is listed without its counts, and is undefined where there is none', async () => {
  const it = nft(standIn.program);
  expect(await it.ours()).toBeUndefined();
  await it.load(TABLE);
  expect(await it.ours()).toBe(TABLE);
  expect(standIn.calls()).toContain('--stateless list table inet rolekeeper');
});

test('the first program that is there is run', async () => {
  const it = nft(join(directory.path, 'no-such-nft'), standIn.program, '/bin/false');
  await it.validate(TABLE);
  expect(standIn.calls()).toEqual(['--check --file -']);
});

test('without any, the error names the package', async () => {
  const gone = nft(join(directory.path, 'no-such-nft')).load(TABLE);
  await expect(gone).rejects.toThrow(NftError);
  await expect(gone).rejects.toThrow('There is no nft on this machine: install the package nftables');
});

test('what nft says is in the error, with what was tried', async () => {
  await expect(nft(standIn.program).validate('BROKEN')).rejects.toThrow(
    'Cannot check the rules: nft ended with status 1:\n  /dev/stdin:1:1: Error: syntax error',
  );
});

test('what the kernel does not permit is told as that', async () => {
  await expect(nft(standIn.program).load('UNLOADABLE')).rejects.toThrow(
    'Cannot load the rules: the kernel does not permit it. Run as root with CAP_NET_ADMIN',
  );
});
