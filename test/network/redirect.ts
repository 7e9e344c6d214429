import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { programPath } from '../support/machine.ts';
import { arrivals, as, IMDS_V4, IMDS_V6, type User } from './instance.ts';
import { type Agent, attempt, curl, network, type Place, startAgent, writeConfig } from './programs.ts';
import { type Steps, same } from './steps.ts';

const ROLES = `http://${IMDS_V4}/latest/meta-data/iam/security-credentials/`;
const ROLES_V6 = `http://[${IMDS_V6}]/latest/meta-data/iam/security-credentials/`;
const USERS = '[network]\nagent_user = "keeper"\nredirect_users = ["legacy", "modern", "root"]\n';

/** Of the users' requests that go elsewhere than where they are sent. */
export async function redirectSteps(place: Place, { step }: Steps): Promise<void> {
  writeConfig(place, USERS);
  let agent = await startAgent(place);
  await step('apply says who is redirected', async () => {
    const { code, stdout } = await network(place, 'apply');
    same(
      { code, said: /root \(0\), legacy \(7102\), modern \(7103\) go to/.test(stdout) },
      { code: 0, said: true },
      stdout,
    );
  });
  for (const user of ['legacy', 'root'] as const) {
    await step(
      `${user}: curl without a token gets the role and its set, and IMDS hears nothing of it`,
      async () => {
        const before = arrivals();
        const role = (await curl(user, [ROLES])).stdout;
        const set = JSON.parse((await curl(user, [`${ROLES}${role}`])).stdout);
        same([set.Code, set.AccessKeyId, arrivals()], ['Success', await keyId(agent), before]);
      },
    );
  }
  await step('legacy: the mapped address is redirected, too', async () => {
    const { code, stdout } = await curl('legacy', [
      ROLES.replace(IMDS_V4, `[::ffff:a9fe:a9fe]`),
      '-H',
      `Host: ${IMDS_V4}`,
    ]);
    same({ code, isRole: /^[\w-]+$/.test(stdout) }, { code: 0, isRole: true }, stdout);
  });
  await step('modern: curl without a token gets 401, with one it gets the role', async () => {
    const status = ['-o', '/dev/null', '-w', '%{http_code}'];
    same((await curl('modern', [...status, ROLES])).stdout, '401');
    const ttl = ['-X', 'PUT', '-H', 'X-aws-ec2-metadata-token-ttl-seconds: 60'];
    const token = (await curl('modern', [...ttl, `http://${IMDS_V4}/latest/api/token`])).stdout;
    same(
      (await curl('modern', [...status, '-H', `X-aws-ec2-metadata-token: ${token}`, ROLES])).stdout,
      '200',
    );
  });
  await step(
    'redirected users: IPv6, where the endpoint does not listen, and other ports: refused, nothing arrives',
    async () => {
      for (const user of ['legacy', 'modern', 'root'] as const) {
        const before = arrivals();
        same((await curl(user, [ROLES_V6])).code, 7);
        same((await attempt(place, ['tcp to port 8080'], user)).split(' ')[0], 'refused');
        same((await attempt(place, ['udp to port 80'], user)).split(' ')[0], 'refused');
        same(arrivals(), before);
      }
    },
  );
  await step('stranger: is refused all the same', async () => {
    same((await curl('stranger', [ROLES])).code, 7);
  });
  await s3cmdSteps();
  await step('legacy: without an agent, refused at once', async () => {
    await agent.stop();
    same((await curl('legacy', [ROLES])).code, 7);
    agent = await startAgent(place);
  });
  await step('legacy: a process from before the agent’s restart goes on', async () => {
    same((await curl('legacy', [ROLES])).code, 0);
  });
  await agent.stop();

  await step('where the endpoint listens on [::1], IPv6 is redirected and IPv4 refused', async () => {
    const listen = ['--imds-endpoint-listen', '[::1]:9912'];
    same((await network(place, 'apply', listen)).code, 0);
    await using _ = await startAgent(place, listen);
    const before = arrivals();
    const [v6, v4] = [await curl('legacy', [ROLES_V6]), await curl('legacy', [ROLES])];
    same([v6.code, v4.code, arrivals()], [0, 7, before], v6.stderr);
  });
  await step('without a lockdown, only the named users’ requests are touched', async () => {
    same((await network(place, 'apply', ['--network-lockdown', 'false'])).code, 0);
    await using _ = await startAgent(place);
    const before = arrivals();
    same(
      [(await curl('legacy', [ROLES])).code, (await curl('legacy', [ROLES_V6])).code, arrivals()],
      [0, 7, before],
    );
    same(await attempt(place, ['tcp over IPv4'], 'stranger'), 'reached');
  });
  await network(place, 'remove');

  async function s3cmdSteps(): Promise<void> {
    await using s3 = await fakeS3();
    const s3cmd = (user: User) =>
      as(user, ['s3cmd', '--config=/dev/null', '--no-ssl', `--host=${s3.host}`, '--host-bucket=', 'ls'], {
        env: { HOME: '/nonexistent' },
      });
    await step('legacy: s3cmd, unmodified, signs with the set that it got without a token', async (skip) => {
      if (programPath('s3cmd') === undefined) skip('there is no s3cmd here');
      const { code, stderr } = await s3cmd('legacy');
      same([code, s3.keyIds], [0, [await keyId(agent)]], stderr);
    });
    await step('stranger: s3cmd fails at once, and asks S3 nothing', async (skip) => {
      if (programPath('s3cmd') === undefined) skip('there is no s3cmd here');
      const asked = s3.keyIds.length;
      const { code } = await s3cmd('stranger');
      same([code !== 0, s3.keyIds.length], [true, asked]);
    });
  }
}

async function keyId(agent: Agent): Promise<string> {
  return JSON.parse((await agent.ask('/v1/credentials')).body).AccessKeyId;
}

/** One empty bucket, and the key ids of who asked for it. */
async function fakeS3() {
  const keyIds: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    keyIds.push(/Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1]);
    response.setHeader('Content-Type', 'application/xml');
    response.end('<?xml version="1.0"?><ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    keyIds,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
