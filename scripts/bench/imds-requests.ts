import { simulate } from '../../test/simulation/simulate.ts';
import { load, type Target, writeRequest } from './load.ts';
import type { Row } from './row.ts';
import { end, type Stage, says } from './stage.ts';

const CLIENTS = 1_000;
/** So that all clients are there before the first answer of IMDS is; below what a cold agent lets them wait. */
const DELAY_MS = 250;

/** What IMDS is asked when an agent and a thousand clients start at the same time. */
export async function coldStart(stage: Stage): Promise<readonly Row[]> {
  const child = stage.start([stage.rolekeeper, 'simulate', '--listen', '127.0.0.1:0', '--quiet']);
  const [, url = ''] = await says(child, 'stdout', /listening on (http:\/\/127\.0\.0\.1:\d+)/);
  const fault = { kind: 'delay', ms: DELAY_MS, on: 'all' };
  await fetch(`${url}/_control`, { method: 'POST', body: JSON.stringify({ fault }) });
  const agent = await stage.agent({ imds: url, until: / Listening / });
  const place = ['unix', agent.socketPath];
  const request = `${agent.directory}.request`;
  writeRequest(request, '/v1/credentials', place);
  const target: Target = { name: 'a cold agent', pid: agent.pid, place, request, users: stage.tools.users };
  const { seconds } = await load(stage, target, CLIENTS, CLIENTS);
  const { requests } = (await (await fetch(`${url}/_control/state`)).json()) as {
    requests: Record<'token' | 'list' | 'document' | 'total', number>;
  };
  await agent.end();
  await end(child);
  return [
    {
      figure: `IMDS requests for ${CLIENTS.toLocaleString('en')} clients of a cold agent`,
      unit: 'requests',
      aim: { most: 3 },
      value: requests.token + requests.list + requests.document,
      detail: `and ${requests.total - requests.token - requests.list - requests.document} for the account id, once; all of them answered within ${(seconds * 1_000).toFixed(0)} ms, by an IMDS that takes ${DELAY_MS} ms for each request`,
    },
  ];
}

const HOUR_MS = 3_600_000;
const CHECKS = 2 * 24 * 60;
const TOKENS = 4;

/** What IMDS is asked in a day in which nothing goes wrong, by the simulation of the whole agent in virtual time. */
export async function calmDay(): Promise<readonly Row[]> {
  const rhythm = { rotateEveryMs: 6 * HOUR_MS, lifetimeMs: 6.5 * HOUR_MS, latencyMs: 5 };
  const calm = {
    days: 1,
    rhythm,
    stability: 'imds',
    onlyRole: '',
    role: 'web',
    happenings: [],
  } as const;
  const { requests, checks, violations } = await simulate({ ...calm, seed: 1 }, { skip: false });
  if (violations.length > 0) throw new Error(violations.map(({ what }) => what).join('; '));
  return [
    {
      figure: 'IMDS requests in a calm day',
      unit: 'requests',
      aim: { most: CHECKS + TOKENS },
      value: requests,
      detail: `${checks} checks in 24 hours of virtual time`,
    },
  ];
}
