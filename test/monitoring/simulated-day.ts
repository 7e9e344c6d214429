/** A day of a role that is over in seconds, as Prometheus would have scraped it. */
import { join } from 'node:path';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { ask } from '../support/raw-http.ts';
import { type SimulatedMachine, simulatedMachine } from '../support/running-agent.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const SCRAPE_MS = MINUTE;

interface Event {
  readonly at: number;
  readonly happens: (machine: SimulatedMachine) => void;
}

/** An outage of IMDS, another role, an outage of the control plane until the set is served on past its expiration. */
const EVENTS: readonly Event[] = [
  { at: 3 * HOUR, happens: ({ instance }) => instance.setFault({ kind: 'status', status: 503, on: 'all' }) },
  { at: 3 * HOUR + 40 * MINUTE, happens: ({ instance }) => instance.clearFaults() },
  { at: 6 * HOUR, happens: ({ instance }) => instance.attachRole('batch') },
  { at: 9 * HOUR, happens: ({ instance }) => instance.setFault({ kind: 'delay', ms: 400, on: 'document' }) },
  { at: 10 * HOUR, happens: ({ instance }) => instance.clearFaults() },
  { at: 12 * HOUR, happens: ({ instance }) => instance.setFault({ kind: 'frozen' }) },
  { at: 18 * HOUR + 10 * MINUTE, happens: ({ instance }) => instance.clearFaults() },
];

export interface ScrapedDay {
  /** OpenMetrics, every sample with its time. */
  readonly text: string;
  /** Seconds since 1970. */
  readonly begins: number;
  readonly ends: number;
}

/** The agent, its sockets and IMDS are the real ones and the simulator's; the time is not. */
export async function simulatedDay(): Promise<ScrapedDay> {
  await using machine = await simulatedMachine({
    settings: { 'container_endpoint.enabled': 'true', 'container_endpoint.listen': '127.0.0.1:0' },
  });
  const random = seededRandom(7);
  const begins = machine.clock.now();
  const scrapes: string[] = [];
  await machine.start();
  const agent = { path: join(machine.runtimeDirectory, 'agent.sock') };
  const { hostname, port } = new URL(machine.agent().containerUrl ?? '');
  for (let passed = 0; passed < 24 * HOUR; passed += SCRAPE_MS) {
    for (const { at, happens } of EVENTS) if (at === passed) happens(machine);
    // Fewer at night.
    const readers = Math.round(random() * (4 + 6 * Math.sin((Math.PI * passed) / (24 * HOUR))));
    for (let reader = 0; reader < readers; reader++) await ask(agent, 'GET', '/v1/credentials');
    const isTried = passed > 14 * HOUR && passed < 14 * HOUR + 20 * MINUTE;
    if (isTried) await ask({ host: hostname, port: Number(port) }, 'GET', '/v1/container-credentials');
    scrapes.push(scraped((await ask(agent, 'GET', '/metrics')).body, machine.clock.now()));
    await machine.advance(SCRAPE_MS);
  }
  return {
    text: `${scrapes.join('')}# EOF\n`,
    begins: begins / 1000,
    ends: machine.clock.now() / 1000 - SCRAPE_MS / 1000,
  };
}

/** With the labels that a scrape adds. */
function scraped(body: string, at: number): string {
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const all = ['job="rolekeeper"', 'instance="i-0example"', ...(labels === '' ? [] : [labels])];
      return `${name}{${all.join(',')}} ${value} ${at / 1000}\n`;
    })
    .join('');
}
