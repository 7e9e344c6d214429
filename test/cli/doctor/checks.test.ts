/** What the induced faults cannot show: where each judgement begins and ends. */
import { describe, expect, test } from 'vitest';
import { checkAnswerSize } from '../../../src/cli/doctor/checks/answer-size.ts';
import { checkAnswerTime } from '../../../src/cli/doctor/checks/answer-time.ts';
import { checkClock } from '../../../src/cli/doctor/checks/clock.ts';
import { checkDirectReaders } from '../../../src/cli/doctor/checks/direct-readers.ts';
import { checkLife } from '../../../src/cli/doctor/checks/life.ts';
import { checkProxies } from '../../../src/cli/doctor/checks/proxies.ts';
import { checkUriHost } from '../../../src/cli/doctor/checks/uri-host.ts';
import type { Examination } from '../../../src/cli/doctor/examination.ts';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { resolveSettings } from '../../../src/config/resolve.ts';
import { formatTimestamp } from '../../../src/domain/timestamps.ts';
import { manualClock } from '../../support/manual-clock.ts';

const clock = manualClock('2026-11-23T08:00:00Z');
const result = await resolveSettings({ env: {}, flags: { 'imds_endpoint.enabled': 'true' } });
if (!result.ok) throw new Error('The defaults are settings');
const { settings } = result;
const accounts = { userName: () => 'somebody', groupsOf: () => new Set<number>(), homes: () => [] };

interface Changes {
  readonly env?: NodeJS.ProcessEnv;
  readonly host?: string;
  readonly skewSeconds?: number;
  readonly lifeMs?: number;
  readonly imdsEndpoint?: boolean;
  readonly more?: Partial<Examination>;
}

/** As much of an examination as these checks look at. */
function seen({ env = {}, host, skewSeconds, lifeMs, imdsEndpoint = true, more }: Changes): Examination {
  const { containerEndpoint } = settings;
  const listen = { ...containerEndpoint.listen, ...(host !== undefined && { host }) };
  const status = {
    serving: true,
    key_id: '…0001',
    last_check: { at: '', latency_ms: 1, clock_skew_s: skewSeconds },
    expiration: formatTimestamp(clock.now() + (lifeMs ?? 0)),
  };
  return {
    machine: { clock, env, uid: 0, accounts },
    configuration: {
      settings: {
        ...settings,
        imdsEndpoint: { ...settings.imdsEndpoint, enabled: imdsEndpoint },
        containerEndpoint: { ...containerEndpoint, listen },
      },
    },
    agent: { isUp: true, status, callers: [] },
    surfaces: [],
    processes: [],
    ...more,
  } as unknown as Examination;
}

function told(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ id, severity }) => `${severity} ${id}`);
}

describe('A proxy variable of this shell', () => {
  const http_proxy = 'http://192.0.2.1:3128';
  test.each([
    [{}, 'ok proxy-none'],
    [{ http_proxy }, 'warning proxy-own'],
    [{ HTTP_PROXY: http_proxy }, 'warning proxy-own'],
    [{ ALL_PROXY: http_proxy }, 'warning proxy-own'],
    [{ https_proxy: http_proxy }, 'ok proxy-none'],
    [{ http_proxy: '' }, 'ok proxy-none'],
    [{ http_proxy, no_proxy: '*' }, 'ok proxy-none'],
    [{ http_proxy, no_proxy: 'localhost, 169.254.169.254 ,127.0.0.1' }, 'ok proxy-none'],
    [{ http_proxy, no_proxy: '169.254.169.254', NO_PROXY: '127.0.0.1' }, 'ok proxy-none'],
    [{ http_proxy, no_proxy: '169.254.0.0/16,127.0.0.0/8' }, 'ok proxy-none'],
    [{ http_proxy, no_proxy: '169.254.169.254' }, 'warning proxy-own'], // the endpoint on 127.0.0.1
    [{ http_proxy, no_proxy: '10.0.0.0/8,169.254.169.25,example.com' }, 'warning proxy-own'],
    [{ http_proxy, no_proxy: '169.254.0.0/99,127.0.0.1' }, 'warning proxy-own'],
  ])('%j is judged %s', (env, expected) => {
    const findings = checkProxies(seen({ env }));
    expect(told(findings)).toEqual([expected]);
    expect(JSON.stringify(findings)).not.toContain('192.0.2.1');
  });
});

test.each([
  [60, 'ok clock-ok'],
  [-60, 'ok clock-ok'],
  [61, 'warning clock-skew'],
  [-61, 'warning clock-skew'],
  [300, 'warning clock-skew'],
  [301, 'problem clock-skew'],
])('a clock that is %i s off is judged %s', (skewSeconds, expected) => {
  expect(told(checkClock(seen({ skewSeconds })))).toEqual([expected]);
});

test.each([
  [25, true, 'ok life-ok'],
  [24, true, 'warning life-short'],
  [24, false, 'ok life-ok'],
  [15, false, 'ok life-ok'],
  [14, false, 'warning life-short'],
  [0, false, 'warning life-extended'],
])(
  'a set with %i minutes left (IMDS-compatible endpoint: %s) is judged %s',
  (minutes, imdsEndpoint, expected) => {
    expect(told(checkLife(seen({ lifeMs: minutes * 60_000, imdsEndpoint })))).toEqual([expected]);
  },
);

test.each([
  ['127.0.0.1', []],
  ['127.0.0.2', ['JavaScript v2', 'Kotlin']],
  ['127.1.2.3', ['JavaScript v2', 'Kotlin', 'C++']],
  ['::1', ['JavaScript v2']],
])('the address %s is refused by %j', (host, refusing) => {
  const [finding] = checkUriHost(seen({ host }));
  expect(finding?.id).toBe(refusing.length === 0 ? 'uri-ok' : 'uri-host');
  for (const sdk of refusing) expect(finding?.evidence).toContain(sdk);
  if (host === '::1') expect(finding?.evidence).not.toContain('Kotlin');
});

describe('An answer', () => {
  const surfaces = (surface: string, bytes: number, ms: number) =>
    ({ surfaces: [{ surface, place: '', answer: { kind: 'set', bytes, ms } }] }) as unknown as Examination;

  test.each([
    ['agent_socket', 8_192, 'size-ok'],
    ['agent_socket', 8_193, 'size-over'],
    ['container_endpoint', 10_000, 'size-ok'],
    ['container_endpoint', 10_001, 'size-over'],
    ['imds_endpoint', 65_535, 'size-ok'],
    ['imds_endpoint', 65_536, 'size-over'],
  ])('of %s with %i bytes is %s', (surface, bytes, expected) => {
    const [finding] = checkAnswerSize(seen({ more: surfaces(surface, bytes, 1) }));
    expect(finding?.id).toBe(expected);
  });

  test.each([
    ['imds_endpoint', 500, 'time-ok'],
    ['imds_endpoint', 501, 'time-over'],
    ['container_endpoint', 1_000, 'time-ok'],
    ['container_endpoint', 1_001, 'time-over'],
  ])('of %s after %i ms is %s', (surface, ms, expected) => {
    const [finding] = checkAnswerTime(seen({ more: surfaces(surface, 1, ms) }));
    expect(finding?.id).toBe(expected);
  });

  test('that is late names who gives up', () => {
    const [finding] = checkAnswerTime(seen({ more: surfaces('container_endpoint', 1, 2_500) }));
    expect(finding?.evidence).toContain('botocore give up after 2000 ms');
    expect(finding?.evidence).not.toContain('Rust');
  });
});

test('A redirected connection still looks as if it went to IMDS, and is none of a direct reader', () => {
  const directReaders = [{ uid: 0, pid: 7, place: { address: '169.254.169.254', port: 80 } }];
  const redirecting = { ...settings, network: { ...settings.network, redirectUsers: ['root'] } };
  const ids = (kind: 'in-force' | 'absent') =>
    checkDirectReaders(
      seen({
        more: {
          directReaders,
          rules: { kind },
          configuration: { settings: redirecting },
        } as unknown as Partial<Examination>,
      }),
    ).map(({ id }) => id);
  expect(ids('in-force')).toEqual(['direct-none']);
  expect(ids('absent')).toEqual(['direct-reader']);
});
