import { describe, expect, test } from 'vitest';
import { createAccess } from '../../src/access/access.ts';
import { MOST_AT_ONCE } from '../../src/access/rate-limit.ts';
import type { AccessRule } from '../../src/domain/access-policy.ts';
import { type Caller, surfaceNames, unknownCaller } from '../../src/domain/caller.ts';
import { manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

const backup: Caller = { ...unknownCaller, uid: 34 };
const deny: AccessRule = {
  verdict: 'deny',
  user: { name: 'nobody', id: 65_534 },
  surfaces: surfaceNames,
  place: 'c.toml:3',
};

function access(rules: readonly AccessRule[] = []) {
  return createAccess({
    rules,
    clock: manualClock(),
    log: memoryLog(),
    userName: (uid) => ({ 34: 'backup', 65534: 'nobody' })[uid],
    keyIdTail: () => '0001',
  });
}

describe('a refusal names the caller, the rule and the next step', () => {
  const gate = access([deny]).gate('agent_socket', () => backup);

  test('of a user', () => {
    expect(gate.refusal(backup)).toBeUndefined();
    expect(gate.refusal({ ...unknownCaller, uid: 65_534 })).toEqual({
      code: 'access-denied',
      message:
        'User nobody (65534) gets no credentials over agent_socket, by [[deny]] user = "nobody" at c.toml:3. Ask as a user who may, or add an [[allow]] to the agent\'s configuration; rolekeeper access test --user 65534 --surface agent_socket explains',
    });
  });

  test('of nobody who is known', () => {
    expect(gate.refusal(unknownCaller)?.message).toMatch(
      /^A caller whose user the kernel does not tell gets no credentials .* what it asks cannot be known of this caller\./,
    );
  });

  test('of one that asks without end, on that surface only', () => {
    const all = access();
    const [busy, other] = [all.gate('agent_socket', () => backup), all.gate('line_socket', () => backup)];
    for (let index = 0; index < MOST_AT_ONCE; index++) expect(busy.refusal(backup)).toBeUndefined();
    expect(busy.refusal(backup)).toMatchObject({ code: 'too-many-requests' });
    expect(other.refusal(backup)).toBeUndefined();
  });
});

test('what the gates are told is in one list', () => {
  const all = access();
  all.gate('agent_socket', () => backup).record(backup, { verdict: 'allowed' });
  all.gate('line_socket', () => backup).record(backup, { verdict: 'allowed' });
  expect(all.callers().callers.map(({ user, surface }) => [user, surface])).toEqual([
    ['backup', 'agent_socket'],
    ['backup', 'line_socket'],
  ]);
});

test('rules that replace others decide from the next request on, at gates that have been asked before', () => {
  const all = access();
  const gate = all.gate('agent_socket', () => backup);
  const nobody: Caller = { ...unknownCaller, uid: 65_534 };
  expect(gate.refusal(nobody)).toBeUndefined();
  all.replaceRules([deny]);
  expect(gate.refusal(nobody)).toMatchObject({ code: 'access-denied' });
  all.replaceRules([]);
  expect(gate.refusal(nobody)).toBeUndefined();
});
