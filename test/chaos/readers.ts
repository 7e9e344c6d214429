import { type IncomingMessage, Agent as KeepAlive } from 'node:http';
import { fromProcess } from '@aws-sdk/credential-providers';
import { http } from '../../src/platform/http.ts';
import { helper, rolekeeper, run } from '../support/child.ts';
import type { ReaderAnswer } from './oracle.ts';

/** One try to get credentials: an answer, or undefined where the agent refused or could not be reached. */
export type Reader = () => Promise<ReaderAnswer | undefined>;

const CLIENT_DEADLINE_MS = 2_500;

/** A sidecar on the agent socket that keeps its connection. */
export function socketReader(socketPath: string): Reader {
  const agent = new KeepAlive({ keepAlive: true, maxSockets: 1 });
  return () =>
    new Promise((resolve) => {
      const options = { socketPath, path: '/v1/credentials', agent, headers: { Host: 'localhost' } };
      const request = http.get(options, (response) => resolve(bodyOf(response)));
      request.setTimeout(CLIENT_DEADLINE_MS, () => request.destroy());
      request.on('error', () => resolve(undefined));
    });
}

/** The fast helper as a process of its own, reading the file and falling back to the command. */
export function helperReader(runtimeDirectory: string): Reader {
  return () => printed(['/bin/sh', helper], runtimeDirectory);
}

/** `rolekeeper credential-process`. */
export function commandReader(runtimeDirectory: string): Reader {
  return () => printed([...rolekeeper, 'credential-process'], runtimeDirectory);
}

/** The SDK for JavaScript, which runs the helper by the profile. */
export function sdkReader(configFile: string): Reader {
  return async () => {
    const provider = fromProcess({
      profile: 'chaos',
      configFilepath: configFile,
      filepath: '/dev/null',
      ignoreCache: true,
    });
    try {
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provider();
      return { accessKeyId, secretAccessKey, sessionToken, expiration: expiration && seconds(expiration) };
    } catch {
      return undefined;
    }
  };
}

async function printed(
  command: readonly string[],
  runtimeDirectory: string,
): Promise<ReaderAnswer | undefined> {
  const { code, stdout } = await run(command, { env: { ROLEKEEPER_RUNTIME_DIR: runtimeDirectory } });
  if (code !== 0 && stdout === '') return undefined;
  return answerFrom(stdout, 'SessionToken');
}

async function bodyOf(response: IncomingMessage): Promise<ReaderAnswer | undefined> {
  let body = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) body += chunk;
  } catch {
    return undefined; // cut off: a client sees a broken connection and gets nothing
  }
  return response.statusCode === 200 ? answerFrom(body, 'Token') : undefined;
}

/** What is no JSON becomes an answer without a key, which the oracle calls wrong. */
function answerFrom(text: string, tokenName: string): ReaderAnswer {
  try {
    const document = JSON.parse(text);
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Expiration: expiration } = document;
    return { accessKeyId, secretAccessKey, sessionToken: document[tokenName], expiration };
  } catch {
    return { accessKeyId: text, secretAccessKey: '', sessionToken: '', expiration: '' };
  }
}

function seconds(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
