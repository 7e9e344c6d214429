import { describe, expect, test } from 'vitest';
import { agentEndpoint } from '../../src/delivery/agent-endpoint.ts';
import { CONTAINER_PATH, containerEndpoint } from '../../src/delivery/container-endpoint.ts';
import type { AccessGate, AccessRefusal, Asked } from '../../src/domain/access-gate.ts';
import { unknownCaller } from '../../src/domain/caller.ts';
import { endpoint, LIST, TOKEN, TOKEN_PATH, TTL } from '../support/imds-surface.ts';
import { metricsOf } from '../support/metrics.ts';
import { ask, type RawAnswer } from '../support/raw-http.ts';
import { holdsSecret, openSurface, servedStore } from '../support/surface.ts';

/** A gate that refuses so, and what it was told. */
function gateOf(refusal?: AccessRefusal) {
  const told: Asked[] = [];
  const statuses: number[] = [];
  const gate: AccessGate<unknown> = {
    callerOf: async () => unknownCaller,
    refusal: () => refusal,
    record: (_, asked) => told.push(asked),
    answered: (status) => statuses.push(status),
  };
  return { gate, told, statuses };
}

const DENIED: AccessRefusal = { code: 'access-denied', message: 'A rule says no' };
const BUSY: AccessRefusal = { code: 'too-many-requests', message: 'Too many' };
const container = ({ gate }: ReturnType<typeof gateOf>, token?: { accepts: (text: string) => boolean }) =>
  containerEndpoint({ reader: servedStore().store.reader, gate, token });
const agent = ({ gate }: ReturnType<typeof gateOf>) =>
  agentEndpoint({
    reader: servedStore().store.reader,
    gate,
    callers: () => ({}),
    status: () => ({}),
    metrics: metricsOf,
    isAlive: () => true,
    isReady: () => true,
    events: { answer: (_, response) => response.end() },
  } as Parameters<typeof agentEndpoint>[0]);

describe('a gate that refuses', () => {
  const token = { accepts: () => true };
  const authorized = { Authorization: 'EXAMPLE' };

  test.each<
    [
      string,
      (gate: ReturnType<typeof gateOf>) => Parameters<typeof openSurface>[0],
      string,
      Record<string, string>,
    ]
  >([
    ['agent socket', agent, '/v1/credentials', {}],
    ['agent socket', agent, '/v1/credential-process?x', {}],
    ['container endpoint', (gate) => container(gate, token), CONTAINER_PATH, authorized],
    ['container endpoint without tokens', (gate) => container(gate), CONTAINER_PATH, {}],
    ['IMDS endpoint', (gate) => endpoint(servedStore(), gate), `${LIST}web`, TOKEN],
  ])('keeps the credentials of the %s, whatever else is right (%#)', async (_, listener, path, headers) => {
    const gate = gateOf(DENIED);
    await using surface = await openSurface(listener(gate));
    const answer = await ask(surface, 'GET', path, headers);
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('access-denied');
    expect(holdsSecret(answer.body)).toBe(false);
    expect(gate.told).toEqual([expect.objectContaining({ verdict: 'access-denied' })]);
    expect(gate.statuses).toEqual([403]);
  });

  test('keeps the metadata tokens, too', async () => {
    await using surface = await openSurface(endpoint(servedStore(), gateOf(DENIED)));
    const answer = await ask(surface, 'PUT', TOKEN_PATH, { [TTL]: '60' });
    expect(answer).toMatchObject({ status: 403, body: 'access-denied' });
  });

  test('says why, in the words that SDKs read', async () => {
    await using surface = await openSurface(container(gateOf(DENIED)));
    expect(JSON.parse((await ask(surface, 'GET', CONTAINER_PATH)).body)).toEqual({
      code: 'access-denied',
      message: 'A rule says no',
      Code: 'access-denied',
      Message: 'A rule says no',
    });
  });

  test('for a moment is a 429 that says when to come back', async () => {
    await using surface = await openSurface(container(gateOf(BUSY)));
    expect(await ask(surface, 'GET', CONTAINER_PATH)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
    });
  });

  test('is not asked for what holds no credentials, nor told of it', async () => {
    const gate = gateOf(DENIED);
    await using surface = await openSurface(agent(gate));
    const answers: RawAnswer[] = [];
    for (const path of ['/v1/status', '/v1/callers', '/v1/events', '/metrics', '/livez', '/readyz']) {
      answers.push(await ask(surface, 'GET', path));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect([gate.told, gate.statuses]).toEqual([[], []]);
  });
});

describe('what the gate is told', () => {
  test('is every outcome, also of the guards before and after it', async () => {
    const gate = gateOf();
    await using surface = await openSurface(container(gate, { accepts: (text) => text === 'EXAMPLE' }));
    await ask(surface, 'GET', CONTAINER_PATH, { Authorization: 'EXAMPLE', 'User-Agent': 'right/1' });
    await ask(surface, 'GET', CONTAINER_PATH, { Authorization: 'wrong', 'User-Agent': 'wrong/1' });
    await ask(surface, 'GET', CONTAINER_PATH, { Authorization: 'EXAMPLE', Host: 'evil.example' });
    await ask(surface, 'POST', CONTAINER_PATH, { Authorization: 'EXAMPLE' });
    await ask(surface, 'GET', CONTAINER_PATH, { Authorization: 'EXAMPLE', Origin: 'null' });
    expect(gate.told.map(({ verdict, userAgent }) => [verdict, userAgent])).toEqual([
      ['allowed', 'right/1'],
      ['unauthorized', 'wrong/1'],
      ['host-not-allowed', undefined],
      ['method-not-allowed', undefined],
      ['forwarded-request', undefined],
    ]);
  });

  test('is which reads were made as only IMDSv1 does', async () => {
    const gate = gateOf();
    await using surface = await openSurface(endpoint(servedStore(), gate));
    await ask(surface, 'PUT', TOKEN_PATH, { [TTL]: '60' });
    await ask(surface, 'GET', LIST, TOKEN);
    await ask(surface, 'GET', LIST);
    await ask(surface, 'GET', LIST, { 'X-aws-ec2-metadata-token': 'EXAMPLE-unknown' });
    expect(gate.told.map(({ verdict, isTokenless }) => [verdict, isTokenless])).toEqual([
      ['allowed', false],
      ['allowed', false],
      ['unauthorized', true],
      ['unauthorized', false],
    ]);
  });
});

test('Node’s own fetch is no forwarded request', async () => {
  const gate = gateOf();
  await using surface = await openSurface(container(gate));
  const response = await fetch(`http://127.0.0.1:${surface.port}${CONTAINER_PATH}`);
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  expect(gate.told).toEqual([expect.objectContaining({ verdict: 'allowed', userAgent: 'node' })]);
});
