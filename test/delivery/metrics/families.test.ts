import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type MetricsParts, metricFamilies } from '../../../src/delivery/metrics/families.ts';
import { prometheusText } from '../../../src/delivery/metrics/prometheus-text.ts';
import { metricsOf } from '../../support/metrics.ts';
import { readSamples } from '../../support/prometheus-samples.ts';
import { holdsSecret, servedStore } from '../../support/surface.ts';

const samplesOf = async (parts: MetricsParts) => readSamples(await prometheusText(metricFamilies(parts)));
const withStatus = (changes: Partial<MetricsParts['status']>): MetricsParts => {
  const parts = metricsOf();
  return { ...parts, status: { ...parts.status, ...changes } };
};

describe('The metrics', () => {
  test('tell the set, in seconds since 1970, and nothing secret', async () => {
    const text = await prometheusText(metricFamilies(metricsOf()));
    expect(holdsSecret(text)).toBe(false);
    const samples = readSamples(text);
    expect(samples.get('rolekeeper_credentials_expiration_timestamp_seconds')).toBe(
      Date.parse('2026-11-23T14:12:31Z') / 1000,
    );
    expect(samples.get('rolekeeper_role_info{role="web",account_id="111122223333"}')).toBe(1);
    expect(samples.get('rolekeeper_serving')).toBe(1);
  });

  test('have one phase and one condition at a time, and a series for each', async () => {
    const samples = await samplesOf(metricsOf());
    for (const [name, now, series] of [
      ['rolekeeper_phase', 'fresh', 6],
      ['rolekeeper_condition', 'ok', 3],
    ] as const) {
      const found = [...samples].filter(([each]) => each.startsWith(`${name}{`));
      expect(found).toHaveLength(series);
      const ones = found.filter(([, value]) => value === 1).map(([each]) => each);
      expect(ones).toEqual([expect.stringContaining(`"${now}"`)]);
    }
  });

  test('say nothing of what is not known, instead of a zero', async () => {
    const { role, account_id, expiration, advertised_expiration, last_check, ...status } = metricsOf().status;
    const samples = await samplesOf({ ...metricsOf(), status });
    const names = [...samples.keys()].join('\n');
    expect(names).not.toMatch(/role_info|expiration|held_since|last_check|last_success|skew/);
    expect(samples.get('rolekeeper_generation')).toBeGreaterThanOrEqual(0);
  });

  test('count answers and denials of each surface, from zero on for what alerts ask for', async () => {
    const samples = await samplesOf(
      withStatus({
        surfaces: [
          {
            name: 'agent_socket',
            address: '/x',
            answers: { none: 1, 200: 7, 403: 2 },
            refusals: { 'access-denied': 2 },
          },
          { name: 'line_socket', address: '/y', answers: {}, refusals: {} },
        ],
        callers: 4,
      }),
    );
    const answers = (surface: string, status: string) =>
      samples.get(`rolekeeper_answers_total{surface="${surface}",status="${status}"}`);
    expect(['none', '200', '403', '503'].map((status) => answers('agent_socket', status))).toEqual([
      1, 7, 2, 0,
    ]);
    expect(answers('line_socket', '200')).toBe(0);
    expect(samples.get('rolekeeper_denials_total{surface="agent_socket",reason="access-denied"}')).toBe(2);
    expect(samples.get('rolekeeper_callers')).toBe(4);
  });

  test('have a histogram whose buckets add up', async () => {
    const parts = metricsOf();
    const buckets = [
      { boundMs: 5, count: 3 },
      { boundMs: 2_500, count: 0 },
      { boundMs: Number.POSITIVE_INFINITY, count: 2 },
    ];
    const checks = { ...parts.checks, latency: { sumMs: 8_012, buckets } };
    const samples = await samplesOf({ ...parts, checks });
    const name = 'rolekeeper_imds_latency_seconds';
    const found = [...samples].filter(([series]) => series.startsWith(name));
    expect(found).toEqual([
      [`${name}_bucket{le="0.005"}`, 3],
      [`${name}_bucket{le="2.5"}`, 3],
      [`${name}_bucket{le="+Inf"}`, 5],
      [`${name}_sum`, 8.012],
      [`${name}_count`, 5],
    ]);
  });

  test('count the files that are as they should be, and those that are not', async () => {
    const file = { path: '/x', format: 'env' } as const;
    const samples = await samplesOf(withStatus({ files: [file, { ...file, problem: 'disk full' }, file] }));
    expect(['ok', 'problem'].map((state) => samples.get(`rolekeeper_files{state="${state}"}`))).toEqual([
      2, 1,
    ]);
  });

  test('are fewer than a hundred and fifty series, with every surface and every result', async () => {
    const answers = { none: 1, 200: 1, 401: 1, 403: 1, 404: 1, 405: 1, 429: 1, 503: 1 };
    const surfaces = ['agent_socket', 'line_socket', 'container_endpoint', 'imds_endpoint'].map((name) => ({
      ...{ name, address: '/x', answers },
      refusals: { 'access-denied': 1, 'bad-host': 1, 'forwarded-request': 1 },
    }));
    expect((await samplesOf(withStatus({ surfaces }))).size).toBeLessThan(150);
  });

  test('are all on the page, with their types and labels, and no others', () => {
    const page = readFileSync(new URL('../../../docs/monitoring.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| (`(?:rolekeeper|process)_[^|]+) \|\s*(\w*)\s*\|/gm)];
    const told = rows.flatMap(([, names = '', type]) =>
      [...names.matchAll(/`([a-z_]+)(?:\{([a-z_,]+)\})?`/g)].map(([, name, labels = '']) =>
        name?.startsWith('process_') ? name : `${name} ${type} ${labels}`,
      ),
    );
    const { status } = metricsOf();
    const refusals = { 'access-denied': 1 };
    const surfaces = [{ name: 'agent_socket', address: '/x', answers: { 200: 1 }, refusals }];
    const families = metricFamilies({ ...metricsOf(), status: { ...status, surfaces } });
    const existing = families.map(({ name, type, samples }) => {
      const labels = type === 'histogram' ? '' : Object.keys(samples[0]?.labels ?? {}).join();
      return name.startsWith('process_') ? name : `${name} ${type} ${labels}`;
    });
    expect(told.toSorted()).toEqual(existing.toSorted());
  });

  test('are one family a name, each with a sentence of help', () => {
    const families = metricFamilies(metricsOf(servedStore()));
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
    for (const { name, help } of families) expect(help, name).toMatch(/^[A-Z].*\.$/);
  });
});
