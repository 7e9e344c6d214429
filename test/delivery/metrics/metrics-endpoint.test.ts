import { describe, expect, test } from 'vitest';
import { metricsEndpoint } from '../../../src/delivery/metrics/metrics-endpoint.ts';
import { metricsOf } from '../../support/metrics.ts';
import { readSamples } from '../../support/prometheus-samples.ts';
import { ask } from '../../support/raw-http.ts';
import { openSurface } from '../../support/surface.ts';

const open = () => openSurface(metricsEndpoint(metricsOf));

describe('Metrics over TCP', () => {
  test('are given to who asks, as Prometheus asks', async () => {
    await using surface = await open();
    const { status, headers, body } = await ask(surface, 'GET', '/metrics', {
      Host: `127.0.0.1:${surface.port}`,
      Accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'User-Agent': 'Prometheus/2.42.0',
      'X-Prometheus-Scrape-Timeout-Seconds': '10',
    });
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(readSamples(body).get('rolekeeper_serving')).toBe(1);
  });

  test.each([
    ['GET', '/', {}, 404],
    ['GET', '/v1/credentials', {}, 404],
    ['POST', '/metrics', {}, 405],
    ['GET', '/metrics', { Host: 'evil.example' }, 403],
    ['GET', '/metrics', { Origin: 'http://evil.example' }, 403],
    ['GET', '/metrics', { 'X-Forwarded-For': '10.0.0.1' }, 403],
    ['GET', 'http://127.0.0.1/metrics', {}, 400],
  ])('%s %s with %j is refused', async (method, path, headers, status) => {
    await using surface = await open();
    const answer = await ask(surface, method, path, headers);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('rolekeeper_');
  });

  test('are read anew by every request', async () => {
    let reads = 0;
    const count = () => {
      reads += 1;
      return metricsOf();
    };
    await using surface = await openSurface(metricsEndpoint(count));
    for (let times = 0; times < 3; times++) await ask(surface, 'GET', '/metrics');
    expect(reads).toBe(3);
  });
});
