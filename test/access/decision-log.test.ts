import { describe, expect, test } from 'vitest';
import { createDecisionLog } from '../../src/access/decision-log.ts';
import { type Caller, unknownCaller } from '../../src/domain/caller.ts';
import { manualClock } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';

function decisions() {
  const clock = manualClock();
  const log = memoryLog();
  const userName = (uid: number) => (uid === 1001 ? 'backup' : undefined);
  return { clock, log, ...createDecisionLog({ log, clock, userName, keyIdTail: () => '0001' }) };
}

const backup: Caller = {
  ...unknownCaller,
  uid: 1001,
  pid: 77,
  exe: '/usr/bin/backup',
  unit: 'backup.service',
};

test('one line for each change, with everything that is known', () => {
  const { note, log } = decisions();
  const userAgent = 'backup/1.0\nuid=0';
  for (let index = 0; index < 1_000; index++) note('agent_socket', backup, { verdict: 'allowed', userAgent });
  for (let index = 0; index < 1_000; index++) note('agent_socket', backup, { verdict: 'access-denied' });
  const who = {
    surface: 'agent_socket',
    user: 'backup',
    uid: 1001,
    pid: 77,
    exe: '/usr/bin/backup',
    unit: 'backup.service',
  };
  expect(log.lines).toEqual([
    {
      level: 'info',
      message: 'Access allowed',
      fields: { ...who, verdict: 'allowed', user_agent: 'backup/1.0?uid=0', key_id: '0001' },
    },
    {
      level: 'warn',
      message: 'Access denied: see rolekeeper callers, and rolekeeper access test',
      fields: { ...who, verdict: 'access-denied' },
    },
  ]);
});

test('callers are told apart by surface, user, program and unit', () => {
  const { note, log } = decisions();
  note('agent_socket', backup, { verdict: 'allowed' });
  note('line_socket', backup, { verdict: 'allowed' });
  note('agent_socket', { ...backup, uid: 5 }, { verdict: 'allowed' });
  note('agent_socket', { ...backup, exe: undefined }, { verdict: 'allowed' });
  note('agent_socket', { ...backup, unit: '' }, { verdict: 'allowed' });
  note('agent_socket', { ...backup, pid: 78 }, { verdict: 'allowed' });
  expect(log.lines).toHaveLength(5);
});

describe('a log is not filled by callers', () => {
  test('one that goes to and fro is told once in ten minutes', async () => {
    const { note, log, clock } = decisions();
    for (let minute = 0; minute < 20; minute++) {
      note('imds_endpoint', backup, { verdict: 'unauthorized' });
      note('imds_endpoint', backup, { verdict: 'allowed' });
      await clock.advance(60_000);
    }
    expect(log.lines).toHaveLength(4);
  });

  test('any number of new ones are so many lines at once and one a second, and the rest is counted', async () => {
    const { note, log, clock } = decisions();
    for (let uid = 0; uid < 100_000; uid++)
      note('imds_endpoint', { ...unknownCaller, uid }, { verdict: 'access-denied' });
    expect(log.lines).toHaveLength(100);
    await clock.advance(1_000);
    note('imds_endpoint', backup, { verdict: 'allowed' });
    expect(log.lines).toHaveLength(101);
    expect(log.lines.at(-1)?.fields).toMatchObject({ uid: 1001, not_told: 99_900 });
    await clock.advance(1_000);
    note('imds_endpoint', backup, { verdict: 'access-denied' });
    expect(log.lines.at(-1)?.fields.not_told).toBeUndefined();
  });
});
