/** The IMDS-compatible endpoint of a whole agent, with the simulated IMDS behind it: what is asked of whom, and restarts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machineWithEverySurface } from '../support/every-surface.ts';
import { type Address, ask } from '../support/raw-http.ts';
import type { SimulatedMachine } from '../support/running-agent.ts';

const HEADER = 'X-aws-ec2-metadata-token';
const at = (url: string | undefined): Address => {
  const { hostname, port } = new URL(url ?? '');
  return { host: hostname, port: Number(port) };
};

async function tokenOf(machine: SimulatedMachine): Promise<string> {
  const ttl = { [`${HEADER}-ttl-seconds`]: '21600' };
  return (await ask(at(machine.agent().imdsUrl), 'PUT', '/latest/api/token', ttl)).body;
}

test('what is on no list is 404, and is asked of nobody: user data above all', async () => {
  await using machine = await machineWithEverySurface();
  await machine.start();
  const imds = at(machine.agent().imdsUrl);
  const header = { [HEADER]: await tokenOf(machine) };
  const before = machine.simulator.requestCounts().total;
  for (const path of [
    '/latest/user-data',
    '/latest//user-data/',
    '/2021-03-23/user-data',
    '/latest/meta-data/../user-data',
    '/latest/%75ser-data',
    '/latest/meta-data/',
    '/latest/meta-data/public-keys/0/openssh-key',
    '/latest/meta-data/iam/security-credentials-extended/',
    '/latest/meta-data/identity-credentials/ec2/security-credentials/ec2-instance',
    '/latest/dynamic/instance-identity/pkcs7',
    '/',
    '/latest',
  ]) {
    expect(await ask(imds, 'GET', path, header), path).toMatchObject({ status: 404, body: 'not-found' });
  }
  expect(machine.simulator.requestCounts().total).toBe(before);
});

test('region, zone and identity come from IMDS, are asked for once for all, and outlive its failure', async () => {
  await using machine = await machineWithEverySurface();
  await machine.start();
  const imds = at(machine.agent().imdsUrl);
  const header = { [HEADER]: await tokenOf(machine) };
  const { identity } = machine.instance;
  const read = (item: string) => ask(imds, 'GET', `/latest/${item}`, header);
  expect((await read('meta-data/placement/region')).body).toBe(identity.region);
  expect((await read('meta-data/instance-id')).body).toBe(identity.instanceId);
  expect(JSON.parse((await read('dynamic/instance-identity/document')).body)).toMatchObject({
    region: identity.region,
    instanceId: identity.instanceId,
  });
  machine.instance.setFault({ kind: 'status', status: 500, on: 'all' });
  const before = machine.simulator.requestCounts().total;
  await Promise.all(Array.from({ length: 50 }, () => read('meta-data/placement/region')));
  expect((await read('meta-data/placement/region')).body).toBe(identity.region);
  expect(machine.simulator.requestCounts().total).toBe(before);
});

test('tokens outlive a restart of the agent: those that it issued, and the one of the container endpoint', async () => {
  await using machine = await machineWithEverySurface();
  await machine.start();
  const issued = await tokenOf(machine);
  const token = readFileSync(join(machine.runtimeDirectory, 'container-token'), 'utf8');
  await machine.stop();
  await machine.start();
  const list = await ask(at(machine.agent().imdsUrl), 'GET', '/latest/meta-data/iam/security-credentials/', {
    [HEADER]: issued,
  });
  expect(list).toMatchObject({ status: 200, body: 'web' });
  const container = machine.agent().containerUrl;
  const path = new URL(container ?? '').pathname;
  expect(await ask(at(container), 'GET', path, { Authorization: token })).toMatchObject({ status: 200 });
});
