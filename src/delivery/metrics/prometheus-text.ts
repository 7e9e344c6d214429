import Registry from 'prom-client/lib/registry.js';
import { type Family, type MetricsParts, metricFamilies } from './families.ts';

export const PROMETHEUS_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** Every metric at this moment. */
export function metricsText(parts: MetricsParts): Promise<string> {
  return prometheusText(metricFamilies(parts));
}

/** The families in Prometheus's text format, version 0.0.4, written by its client library. */
export function prometheusText(families: readonly Family[]): Promise<string> {
  const registry = new Registry();
  for (const family of families) registry.registerMetric(asMetric(family));
  return registry.metrics();
}

/** All that a registry asks of a metric: its name, and what it holds when it is read. */
function asMetric({ name, help, type, samples }: Family): Parameters<Registry['registerMetric']>[0] {
  const values = samples.map(({ value, labels = {}, suffix = '' }) => ({
    value,
    labels,
    metricName: `${name}${suffix}`,
  }));
  const metric = { name, get: async () => ({ name, help, type, values, aggregator: 'sum' }) };
  return metric as unknown as Parameters<Registry['registerMetric']>[0];
}
