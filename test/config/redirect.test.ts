import { expect, test } from 'vitest';
import { formatConfigError } from '../../src/config/config-error.ts';
import { resolveSettings } from '../../src/config/resolve.ts';

async function problems(text: string): Promise<readonly string[]> {
  const result = await resolveSettings({ file: { path: '/c.toml', text }, env: {}, flags: {} });
  return result.ok ? [] : result.errors.map(formatConfigError);
}

const redirect = '[network]\nredirect_users = ["backup"]\n';

test('users are redirected to an endpoint that is on and has a port of its own', async () => {
  expect(await problems(`${redirect}[imds_endpoint]\nenabled = true\nlisten = "[::1]:9912"`)).toEqual([]);
});

test('nobody is redirected to an endpoint that is off', async () => {
  expect(await problems(redirect)).toEqual([
    '/c.toml:2:18: network.redirect_users must be empty while imds_endpoint.enabled is false (default); found ["backup"]. Write enabled = true in [imds_endpoint]: that is where they are sent.',
  ]);
});

test('nobody is redirected to a port that nobody knows beforehand', async () => {
  expect(await problems(`${redirect}[imds_endpoint]\nenabled = true\nlisten = "127.0.0.1:0"`)).toEqual([
    '/c.toml:2:18: network.redirect_users must be empty while imds_endpoint.listen has the port 0 (/c.toml:5); found ["backup"]. Give imds_endpoint.listen a port of its own, as 127.0.0.1:9912.',
  ]);
});

test('without redirected users the endpoint may be off', async () => {
  expect(await problems('[network]\nredirect_users = []\n[imds_endpoint]\nlisten = "127.0.0.1:0"')).toEqual(
    [],
  );
});
