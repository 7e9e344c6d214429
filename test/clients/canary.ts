import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './stage.ts';

/** The files that are there to hold secrets. */
const MEANT_FOR_SECRETS: readonly string[] = [
  'run/container-token',
  'run/container-token.state',
  'run/credential-process.json',
  'run/imds-token-key',
  'run/state.json',
  'files/credentials',
  'boto-home/.aws/credentials',
];

/** What must be nowhere, and what can only be looked at while the agent lives. */
export interface Canary {
  readonly secrets: ReadonlyMap<string, string>;
  readonly tokenKey: string;
  readonly status: string;
}

/** To be taken while the agent and the simulator live. */
export async function takeCanary({ directory, simulator, agent }: Stage): Promise<Canary> {
  const read = (name: string) => readFileSync(join(directory, name), 'latin1');
  const sets = await simulator.sets();
  const secrets = new Map<string, string>([
    ...sets.flatMap(({ secretAccessKey, sessionToken }) => [
      ...pieces(secretAccessKey).map((piece) => [piece, 'a secret access key'] as const),
      ...pieces(sessionToken).map((piece) => [piece, 'a session token'] as const),
    ]),
    [read('run/container-token').trim(), 'the container token'],
    ['AQAEAEXAMPLE', "a metadata token of the simulator's"],
  ]);
  const status = await agent.ask('/v1/status');
  return { secrets, tokenKey: read('run/imds-token-key'), status: status.body };
}

/**
 * Searches all that was said, and what the agent has left behind, for secret access keys, session tokens, the container
 * token and metadata tokens, the simulator's and the agent's own. Tells where something was found, and what kind of thing.
 */
export function findSecrets(stage: Stage, { secrets, tokenKey, status }: Canary): readonly string[] {
  const { directory, journal, simulator, agent } = stage;
  const places = new Map([
    ...journal.entries,
    ['the agent', `${agent.child.stdout()}${agent.child.stderr()}`],
    ['the simulator', `${simulator.child.stdout()}${simulator.child.stderr()}`],
    ['the status', status],
    ...filesIn(directory),
  ]);
  return [...places].flatMap(([where, text]) => {
    const kinds = [...secrets].filter(([secret]) => text.includes(secret)).map(([, kind]) => kind);
    if (holdsIssuedToken(text, tokenKey)) kinds.push("a metadata token of the agent's");
    return [...new Set(kinds)].map((kind) => `${where}: ${kind}`);
  });
}

/** A part of a secret is one, too. */
function pieces(secret: string): readonly string[] {
  return secret.match(/.{12}/g) ?? [];
}

function filesIn(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }))
    .filter(({ path }) => !MEANT_FOR_SECRETS.includes(path.slice(directory.length + 1)))
    .map(({ entry, path }) => [path, entry.isFile() ? readFileSync(path, 'latin1') : ''] as const)
    .flatMap(([path, content]) => [[path, content] as const, [`the name ${path}`, path] as const]);
}

/** The agent keeps no list of the tokens that it gives out, but they bear its signature. */
function holdsIssuedToken(text: string, hexKey: string): boolean {
  return (text.match(/[\w-]{54}==/g) ?? []).some((candidate) => {
    const bytes = Buffer.from(candidate, 'base64url');
    const signature = createHmac('sha256', Buffer.from(hexKey, 'hex')).update(bytes.subarray(0, 8)).digest();
    return bytes.subarray(8).equals(signature);
  });
}
