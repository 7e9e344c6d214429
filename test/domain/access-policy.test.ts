import { describe, expect, test } from 'vitest';
import { type AccessRule, decide } from '../../src/domain/access-policy.ts';
import { type Caller, surfaceNames, unknownCaller } from '../../src/domain/caller.ts';

const caller: Caller = {
  uid: 1001,
  pid: 7,
  gids: new Set([1001, 50]),
  exe: '/usr/bin/backup',
  unit: 'backup.service',
};

function rule(verdict: 'allow' | 'deny', of: Partial<AccessRule>): AccessRule {
  return { verdict, surfaces: surfaceNames, place: 'c.toml:1', ...of };
}

const named = (id: number) => ({ name: `name-of-${id}`, id });
const ask = (rules: readonly AccessRule[], who: Caller = caller) => decide(rules, 'agent_socket', who);

describe('without a rule for the surface', () => {
  test('everybody may, known or not', () => {
    const elsewhere = [rule('deny', { user: named(1001), surfaces: ['imds_endpoint'] })];
    for (const rules of [[], elsewhere]) {
      expect(ask(rules)).toEqual({ allowed: true, why: 'no-rules' });
      expect(ask(rules, unknownCaller)).toEqual({ allowed: true, why: 'no-rules' });
    }
  });
});

describe('the first rule that fits decides', () => {
  test.each<[string, AccessRule, boolean]>([
    ['its user', rule('allow', { user: named(1001) }), true],
    ['another user', rule('allow', { user: named(1002) }), false],
    ['the group it runs with', rule('allow', { group: named(1001) }), true],
    ['one of its other groups', rule('allow', { group: named(50) }), true],
    ['another group', rule('allow', { group: named(51) }), false],
    ['its unit', rule('allow', { unit: 'backup.service' }), true],
    ['another unit', rule('allow', { unit: 'backup@1.service' }), false],
    ['its program', rule('allow', { exe: '/usr/bin/backup' }), true],
    ['another program', rule('allow', { exe: '/usr/bin/backup2' }), false],
    ['all of it', rule('allow', { user: named(1001), group: named(50), unit: 'backup.service' }), true],
    ['all but one', rule('allow', { user: named(1001), group: named(50), unit: 'web.service' }), false],
  ])('by %s', (_, only, fits) => {
    expect(ask([only])).toEqual(
      fits ? { allowed: true, why: 'rule', rule: only } : { allowed: false, why: 'not-allowed' },
    );
    const deny = { ...only, verdict: 'deny' as const };
    expect(ask([deny])).toEqual(
      fits ? { allowed: false, why: 'rule', rule: deny } : { allowed: true, why: 'not-denied' },
    );
  });

  test('whatever comes after it', () => {
    const allow = rule('allow', { user: named(1001) });
    const deny = rule('deny', { group: named(50) });
    expect(ask([allow, deny])).toMatchObject({ allowed: true, rule: allow });
    expect(ask([deny, allow])).toMatchObject({ allowed: false, rule: deny });
  });

  test('of another surface it does not count, and does not make a list of the allowed', () => {
    const elsewhere = rule('allow', { user: named(1001), surfaces: ['imds_endpoint'] });
    const deny = rule('deny', { user: named(1) });
    expect(ask([elsewhere, deny])).toEqual({ allowed: true, why: 'not-denied' });
  });

  test('user 0 and group 0 are ids like others', () => {
    const root = { ...caller, uid: 0, gids: new Set([0]) };
    expect(ask([rule('allow', { user: named(0) })], root).allowed).toBe(true);
    expect(ask([rule('allow', { group: named(0) })], root).allowed).toBe(true);
    expect(ask([rule('allow', { user: named(0) })]).allowed).toBe(false);
  });

  test('in no unit is known, and fits no unit', () => {
    const outside = { ...caller, unit: '' };
    expect(ask([rule('deny', { unit: 'backup.service' })], outside).allowed).toBe(true);
    expect(ask([rule('allow', { unit: 'backup.service' })], outside).allowed).toBe(false);
  });
});

describe('what cannot be known of a caller', () => {
  const criteria = [
    { user: named(1001) },
    { group: named(50) },
    { unit: 'backup.service' },
    { exe: '/usr/bin/backup' },
  ];

  test.each(criteria)('fits no allow of %j', (of) => {
    expect(ask([rule('allow', of)], unknownCaller)).toEqual({ allowed: false, why: 'not-allowed' });
  });

  test.each(criteria)('fits every deny of %j', (of) => {
    const deny = rule('deny', of);
    expect(ask([deny], unknownCaller)).toEqual({ allowed: false, why: 'in-doubt', rule: deny });
  });

  test('does not matter where a rule cannot fit for another reason', () => {
    const deny = rule('deny', { user: named(1002), exe: '/usr/bin/backup' });
    expect(ask([deny], { ...caller, exe: undefined })).toEqual({ allowed: true, why: 'not-denied' });
  });

  test('does not keep a later allow from fitting: it would be allowed either way', () => {
    const rules = [rule('allow', { unit: 'x.service' }), rule('allow', { user: named(1001) })];
    expect(ask(rules, { ...caller, unit: undefined })).toMatchObject({ allowed: true, rule: rules[1] });
  });

  test('never makes the answer milder than every way it could turn out', () => {
    const ids = [1, 2];
    const rules = (['allow', 'deny'] as const).flatMap((verdict) =>
      ids.flatMap((id) => [
        rule(verdict, { user: named(id) }),
        rule(verdict, { group: named(id) }),
        rule(verdict, { user: named(id), group: named(id) }),
      ]),
    );
    const known = ids.flatMap((uid) => ids.map((gid) => ({ ...caller, uid, gids: new Set([gid]) })));
    let lists = 0;
    for (const first of rules) {
      for (const second of rules) {
        for (const third of rules) {
          lists += 1;
          const list = [first, second, third];
          for (const who of [unknownCaller, { ...caller, uid: 1, gids: undefined }]) {
            if (!ask(list, who).allowed) continue;
            const possible = known.filter(({ uid }) => who.uid === undefined || who.uid === uid);
            expect(possible.map((each) => ask(list, each).allowed)).not.toContain(false);
          }
        }
      }
    }
    expect(lists).toBe(12 ** 3);
  });
});

test('what costs a look-up is only asked where it decides', () => {
  const looked: string[] = [];
  const lazy: Caller = {
    ...caller,
    get exe() {
      looked.push('exe');
      return '/usr/bin/backup';
    },
    get unit() {
      looked.push('unit');
      return 'backup.service';
    },
  };
  ask([rule('deny', { user: named(2), exe: '/a' }), rule('allow', { user: named(1001) })], lazy);
  expect(looked).toEqual([]);
  ask([rule('allow', { user: named(1001), unit: 'x.service', exe: '/a' })], lazy);
  expect(looked).toEqual(['unit']);
});
