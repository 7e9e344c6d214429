import type { RequestListener, ServerResponse } from 'node:http';
import { commonGuards } from '../guards.ts';
import { pathOf, surfaceListener } from '../http-surface.ts';
import { jsonRefusal, send } from '../reply.ts';
import type { MetricsParts } from './families.ts';

/** What the metrics are made of, looked up when somebody asks. */
export type ReadMetrics = () => MetricsParts;

export const METRICS_PATH = '/metrics';

const HOSTS = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Metrics on loopback TCP, for a Prometheus that cannot read Unix sockets: one path, HTTP/1.1, and no token, because
 * nothing in there is secret. The guards of the other surfaces keep pages in a browser out.
 */
export function metricsEndpoint(read: ReadMetrics): RequestListener {
  return surfaceListener({
    guards: commonGuards(HOSTS),
    refuse: jsonRefusal,
    async route(request, response) {
      if (pathOf(request) === METRICS_PATH) {
        await sendMetrics(response, read);
        return;
      }
      const message = `There is nothing here. The path is ${METRICS_PATH}`;
      send(response, jsonRefusal({ status: 404, code: 'not-found', message }));
    },
  });
}

/** What makes the text is loaded by the first scrape: an agent that nobody scrapes goes without it. */
export async function sendMetrics(response: ServerResponse, read: ReadMetrics): Promise<void> {
  const { metricsText, PROMETHEUS_TYPE } = await import('./prometheus-text.ts');
  const body = await metricsText(read());
  send(response, { status: 200, type: PROMETHEUS_TYPE, body });
}
