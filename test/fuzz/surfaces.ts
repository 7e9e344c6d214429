import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentProcess } from '../support/agent-process.ts';
import { type Address, ask } from '../support/raw-http.ts';

/** A listener of the agent, as the fuzzer knows it. */
export interface Target {
  readonly name: string;
  readonly address: Address;
  /** Paths that give credentials, or would. */
  readonly credentialPaths: readonly string[];
  readonly otherPaths: readonly string[];
  readonly methods: readonly string[];
  /** The header that shows that a caller may ask; undefined where the socket's mode decides. */
  readonly proof: string | undefined;
  /** What a caller without proof may try instead. */
  readonly guesses: readonly string[];
}

const METADATA = '/latest/meta-data';

/** All the agent's listeners that speak HTTP. A token is asked for where one is handed out. */
export async function httpTargets(agent: AgentProcess, roleName: string): Promise<readonly Target[]> {
  const listening = agent.child.stderr();
  const port = (field: string) => {
    const found = new RegExp(`${field}=\\S*http://127\\.0\\.0\\.1:(\\d+)`).exec(
      listening.replaceAll('"', ''),
    )?.[1];
    if (found === undefined) throw new Error(`The agent does not say where ${field} listens: ${listening}`);
    return { host: '127.0.0.1', port: Number(found) };
  };
  const imds = port('metadata');
  const containerToken = readFileSync(join(agent.runtimeDirectory, 'container-token'), 'utf8');
  const issued = await ask(imds, 'PUT', '/latest/api/token', {
    'X-aws-ec2-metadata-token-ttl-seconds': '21600',
  });
  return [
    {
      name: 'agent socket',
      address: { path: agent.socketPath },
      credentialPaths: ['/v1/credentials', '/v1/credential-process'],
      otherPaths: ['/v1/status', '/livez', '/readyz', '/v1/', '/metrics', '/'],
      methods: ['GET', 'HEAD'],
      proof: undefined,
      guesses: [],
    },
    {
      name: 'container endpoint',
      address: port('container'),
      credentialPaths: ['/v1/container-credentials'],
      otherPaths: ['/v1/credentials', '/', '/v1/container-credentials/'],
      methods: ['GET', 'HEAD'],
      proof: `Authorization: ${containerToken}`,
      guesses: guesses('Authorization', containerToken, ['', 'Bearer ', 'Basic ']),
    },
    {
      name: 'IMDS endpoint',
      address: imds,
      credentialPaths: [
        `${METADATA}/iam/security-credentials/${roleName}`,
        `/2021-03-23/meta-data/iam/security-credentials/${roleName}`,
        `//latest//meta-data/iam/security-credentials/${roleName}`,
      ],
      otherPaths: [
        `${METADATA}/iam/security-credentials/`,
        `${METADATA}/iam/security-credentials-extended/`,
        `${METADATA}/iam/info`,
        `${METADATA}/placement/region`,
        '/latest/dynamic/instance-identity/document',
        '/latest/user-data',
        '/latest/api/token',
        '/',
      ],
      methods: ['GET', 'HEAD', 'PUT'],
      proof: `X-aws-ec2-metadata-token: ${issued.body}`,
      guesses: guesses('X-aws-ec2-metadata-token', issued.body, ['']),
    },
  ];
}

/** Near misses of a token: none of them is it. */
function guesses(header: string, token: string, schemes: readonly string[]): readonly string[] {
  const flipped = token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  const wrong = [
    flipped,
    token.slice(0, -1),
    `${token}${token}`,
    token.toUpperCase().replace(/A/g, '4'),
    '',
    '0',
    token.slice(1),
  ];
  return wrong.flatMap((value) => schemes.map((scheme) => `${header}: ${scheme}${value}`));
}
