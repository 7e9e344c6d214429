import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { coloured, statusLines } from '../../../src/cli/status/render.ts';
import type { StatusReport } from '../../../src/cli/status/report.ts';
import { blocks } from '../../support/fenced-blocks.ts';
import { expectStatusSchema } from '../../support/status-schema.ts';
import { NO_SHADOWS, NOW, reportOf } from './report.ts';

const shows = (changes: Partial<StatusReport> = {}) => statusLines(reportOf(changes), NOW).join('\n');

test('The page shows what is printed', () => {
  const { text } = blocks.find(({ page, language }) => page === 'status.md' && language === 'text') ?? {};
  expect(`${shows()}\n`).toBe(text);
  expectStatusSchema(reportOf());
});

describe('The lines', () => {
  const LONG_MESSAGE = 'IMDS at http://169.254.169.254 answered with 503 to the token request: '.repeat(4);
  const REPORTS: readonly (readonly [string, Partial<StatusReport>])[] = [
    ['a good day', {}],
    ['trouble', { condition: 'degraded', reason: 'throttled', message: LONG_MESSAGE, failed_checks: 7 }],
    ['an extension', { phase: 'expired', advertised_expiration: '2026-11-23T14:22:31Z' }],
    ['long names', { role: 'a'.repeat(64), metrics_url: 'http://[::1]:9913/metrics' }],
    [
      'shadows',
      {
        shadowed_by: {
          profiles: [{ user: 'root', file: '/root/.aws/config' }],
          processes: [
            {
              user: 'backup',
              program: '/usr/bin/restic',
              variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
              expiring: true,
              pids: [11, 12, 13, 14, 15, 16, 17, 18],
              count: 30,
            },
          ],
          unreadable: { users: ['ann', 'bob'], processes: 12 },
        },
      },
    ],
  ];

  test.each(REPORTS)('are 80 columns at most: %s', (_, changes) => {
    for (const line of shows(changes).split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test.each(REPORTS)('are the same with colours, but for the colours: %s', (_, changes) => {
    const colourful = statusLines(reportOf(changes), NOW, coloured).join('\n');
    expect(colourful).toContain('\x1b[');
    expect(stripVTControlCharacters(colourful)).toBe(shows(changes));
  });

  test('hold nothing that a terminal would obey, whoever chose the names', () => {
    const evil = 'x\x1b[2Jy\rz\u202ew\u2028v';
    const lines = statusLines(
      reportOf({
        role: evil,
        message: evil,
        reason: 'throttled',
        surfaces: [{ name: 'agent_socket', address: evil, answers: {}, refusals: {} }],
        files: [{ path: evil, format: 'env', problem: evil }],
        shadowed_by: { ...NO_SHADOWS, profiles: [{ user: evil, file: evil }] },
      }),
      NOW,
    );
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  });
});

describe('The state', () => {
  test.each([
    [{}, 'fresh, serving web (account 111122223333), key …0042'],
    [{ account_id: undefined }, 'fresh, serving web, key'],
    [{ phase: 'mandatory' }, 'mandatory, serving'],
    [{ phase: 'expired', serving: false }, 'expired, NOT serving web'],
  ] as const)('with %j says %s', (changes, text) => {
    expect(shows(changes as Partial<StatusReport>)).toContain(`state     ${text}`);
  });

  test('without a set says so, and has no life', () => {
    const { role, account_id, key_id, expiration, advertised_expiration, held_since, ...rest } = reportOf();
    const text = statusLines({ ...rest, phase: 'absent', serving: false, generation: 4 }, NOW).join('\n');
    expect(text).toContain('state     absent, nothing to serve, generation 4');
    expect(text).not.toMatch(/expires|life/);
  });
});

describe('What follows', () => {
  test('is both expirations where they differ, and the end of the true one', () => {
    const text = shows({
      phase: 'expired',
      expiration: '2026-11-23T09:10:13Z',
      advertised_expiration: '2026-11-23T09:25:00Z',
    });
    expect(text).toContain('expires   2026-11-23T09:10:13Z, 10m ago');
    expect(text).toContain('told      2026-11-23T09:25:00Z: static stability');
    expect(text).toContain('+ extended');
  });

  test('is why checks fail, how often, and the next step', () => {
    const text = shows({ condition: 'degraded', reason: 'throttled', failed_checks: 7, message: 'Wait.' });
    expect(text).toContain('IMDS      degraded (throttled, 7 in a row): checked 12s ago in 3 ms');
    expect(text).toContain('\n          Wait.\n');
  });

  test('is that nothing was checked, or that a check is under way', () => {
    const { last_check, next_check_in_s, ...rest } = reportOf({ condition: 'starting', checks: {} });
    expect(statusLines(rest, NOW).join('\n')).toContain(
      'IMDS      starting: not checked yet, checking now, 0 checks, 0 failed',
    );
  });

  test.each([
    [61, '61 s behind IMDS: AWS refuses'],
    [-61, '61 s ahead of IMDS: AWS refuses'],
    [60, 'agrees with IMDS (60 s)'],
  ])('is the clock: %i s', (clock_skew_s, text) => {
    const last_check = { at: '2026-11-23T09:20:01Z', latency_ms: 3, clock_skew_s };
    expect(shows({ last_check })).toContain(`clock     ${text}`);
  });

  test('is what became of requests: given, denied, and the rest', () => {
    const answers = { '200': 5, '403': 2, '503': 3, none: 1 };
    const surfaces = [
      { name: 'imds_endpoint', address: '/x', answers, refusals: { 'access-denied': 1, 'bad-host': 1 } },
    ];
    expect(shows({ surfaces })).toContain('imds_endpoint              5 answered, 2 denied, 4 other');
  });

  test('is each file, with what is wrong', () => {
    const files = [
      { path: '/a', format: 'env', key_id: '…0042' },
      { path: '/b', format: 'env', problem: 'No space left' },
      { path: '/c', format: 'env' },
    ] as const;
    expect(shows({ files })).toContain(
      'files     /a: env, key …0042\n          /b: env, No space left\n          /c: env, nothing written\n',
    );
  });

  test('is what shadows it, and what could not be looked into', () => {
    expect(shows({ shadowed_by: NO_SHADOWS })).toContain('shadowed  by nothing that was found');
    const unreadable = { users: ['ann'], processes: 2 };
    expect(shows({ shadowed_by: { ...NO_SHADOWS, unreadable } })).toContain(
      'shadowed  by nothing that was found; not for this user to read: 2 environments,\n          the files of ann',
    );
  });

  test('is no reproach to programs that rolekeeper exec has started', () => {
    const process = {
      user: 'web',
      program: '/usr/bin/aws',
      variables: ['AWS_ACCESS_KEY_ID'],
      pids: [7],
      count: 1,
    };
    const shadowed = (...expiring: readonly boolean[]) =>
      shows({
        shadowed_by: { ...NO_SHADOWS, processes: expiring.map((each) => ({ ...process, expiring: each })) },
      });
    expect(shadowed(true)).toContain(
      'shadowed  web: /usr/bin/aws (pid 7) was started with AWS_ACCESS_KEY_ID\n          Sets that came with',
    );
    expect(shadowed(true)).not.toContain('take the keys');
    expect(shadowed(false)).toContain('take the keys');
    expect(shadowed(false)).not.toContain('end by themselves');
    expect(shadowed(true, false).replaceAll(/\s+/g, ' ')).toContain('take the keys away. Sets that came');
  });
});
