import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { load, surfacesOf, type Target, writeRequest } from './load.ts';
import { inTurn, median, ratio } from './measured.ts';
import { plain, type Row } from './row.ts';
import { type Stage, says } from './stage.ts';
import type { Tool } from './tools.ts';

const FIGURE = 'IMDS-compatible endpoint: answers / aws_signing_helper serve';
const MODULE = 'github.com/aws/rolesanywhere-credential-helper';
const VERSION = 'v1.4.0';
const INSTALL_SECONDS = 180;
const REQUESTS = 10_000;
const ROUNDS = 7;
const ARN = 'arn:aws:rolesanywhere:us-east-1:111122223333';
const ID = '00000000-0000-0000-0000-000000000001';

/** Another program that serves credentials as IMDS does: AWS's own, for machines outside of EC2. */
export async function peers(stage: Stage): Promise<readonly Row[]> {
  const tool = signingHelper();
  if ('missing' in tool) return [{ figure: FIGURE, unit: '×', value: undefined, detail: tool.missing }];
  await using sessions = await sessionsEndpoint();
  const peer = await startPeer(stage, tool.command, sessions.url);
  const agent = await stage.agent({ leader: stage.tools.pinned(0) });
  const ours = (await surfacesOf(stage, agent)).at(-1);
  if (ours === undefined) return [];
  const rate = async (target: Target) => 1e6 / (await load(stage, target, 32, REQUESTS)).cost;
  const found = await inTurn(stage.rounds(ROUNDS), { ours: () => rate(ours), reference: () => rate(peer) });
  await agent.end();
  const detail = `${plain(median(found.ours))} against ${plain(median(found.reference))} answers a second of ${VERSION}; ${found.ours.length} rounds`;
  return [{ figure: FIGURE, unit: '×', ...ratio(found), detail }];
}

/** Built once, from the Go module proxy, and kept in the cache of this user. */
function signingHelper(): Tool {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rolekeeper-bench');
  const program = join(cache, MODULE.split('/').at(-1) ?? '');
  if (existsSync(program)) return { command: [program] };
  const env = { ...process.env, GOBIN: cache, GOTOOLCHAIN: 'local' };
  const { status, stderr, error } = spawnSync('go', ['install', `${MODULE}@${VERSION}`], {
    env,
    encoding: 'utf8',
    timeout: INSTALL_SECONDS * 1_000,
  });
  if (status === 0) return { command: [program] };
  return { missing: `go install ${MODULE}: ${error?.message ?? stderr.trim().split('\n').at(-1)}` };
}

/** Where it takes its credentials from: one answer, whoever asks. */
async function sessionsEndpoint() {
  const credentials = {
    accessKeyId: 'ASIAEXAMPLE000000001',
    secretAccessKey: 'EXAMPLESecretAccessKey',
    sessionToken: 'EXAMPLE/+'.repeat(90),
    expiration: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(201, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ credentialSet: [{ credentials, packedPolicySize: 0 }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function startPeer(stage: Stage, command: readonly string[], endpoint: string): Promise<Target> {
  const [key, certificate] = [`${stage.directory()}.key`, `${stage.directory()}.pem`];
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=bench'],
      ...['-keyout', key, '-out', certificate],
    ],
    { encoding: 'utf8' },
  );
  if (made.status !== 0)
    throw new Error(`no certificate for the peer: ${made.error?.message ?? made.stderr}`);
  const port = String(await freePort());
  const child = stage.start(
    [
      ...[...stage.tools.pinned(0), ...command, 'serve', '--certificate', certificate, '--private-key', key],
      ...['--endpoint', endpoint, '--region', 'us-east-1', '--port', port],
      ...['--trust-anchor-arn', `${ARN}:trust-anchor/${ID}`, '--profile-arn', `${ARN}:profile/${ID}`],
      ...['--role-arn', 'arn:aws:iam::111122223333:role/web'],
    ],
    { env: { GOMAXPROCS: '1' } },
  );
  await says(child, 'stderr', /Local server started/);
  const place = ['tcp', '127.0.0.1', port];
  const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const issued = await fetch(`http://127.0.0.1:${port}/latest/api/token`, { method: 'PUT', headers });
  const request = `${certificate}.request`;
  const withToken = { 'X-aws-ec2-metadata-token': await issued.text() };
  writeRequest(request, '/latest/meta-data/iam/security-credentials/web', place, withToken);
  return { name: 'aws_signing_helper', pid: child.pid ?? 0, place, request, users: 0 };
}

/** It takes the number of a port, and does not tell which it got. */
async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
