import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processorTime, type RunningAgent, type Stage, says } from './stage.ts';

/** A server under load: where it listens, what it is asked, and who it is. */
export interface Target {
  readonly name: string;
  readonly pid: number;
  /** As `references/load.c` takes it. */
  readonly place: readonly string[];
  /** The file with the request. */
  readonly request: string;
  /** From how many users. */
  readonly users: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers other than 200. */
  readonly bad: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Microseconds of the server's processor time for each answer. */
  readonly cost: number;
}

/** Asks so many times over so many connections, one request at a time on each. Rejects where an answer was not 200. */
export async function load(
  stage: Stage,
  target: Target,
  connections: number,
  requests: number,
): Promise<LoadResult> {
  const child = client(stage, target, connections, requests);
  const before = processorTime(target.pid);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (text) => (stdout += text));
  child.stderr?.on('data', (text) => (stderr += text));
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`the load on ${target.name} failed: ${stderr.trim()}`);
  const result: LoadResult = JSON.parse(stdout);
  if (result.bad > 0) throw new Error(`${result.bad} of ${requests} answers of ${target.name} were not 200`);
  return { ...result, cost: (processorTime(target.pid) - before) / 1_000 / result.requests };
}

/** Opens connections that ask once and are then held until `end`. */
export async function hold(stage: Stage, target: Target, connections: number): Promise<() => Promise<void>> {
  const child = client(stage, target, connections, 0);
  await says(child, 'stdout', /"requests"/);
  return async () => {
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  };
}

function client(stage: Stage, target: Target, connections: number, requests: number): ChildProcess {
  const { tools } = stage;
  if ('missing' in tools.load) throw new Error(tools.load.missing);
  const { place, request, users } = target;
  const command = [
    ...[...tools.pinned(1), ...tools.load.command, ...place],
    ...[request, String(connections), String(requests), String(users)],
  ];
  return stage.start(command, { stdin: 'pipe' });
}

/** The HTTP surfaces of an agent, asked for credentials. */
export async function surfacesOf(stage: Stage, agent: RunningAgent): Promise<readonly Target[]> {
  const { directory, containerUrl, imdsUrl, socketPath, pid } = agent;
  const { users } = stage.tools;
  const token = readFileSync(join(directory, 'container-token'), 'utf8');
  const issued = await fetch(`${imdsUrl}/latest/api/token`, {
    method: 'PUT',
    headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' },
  });
  const withToken = { 'X-aws-ec2-metadata-token': await issued.text() };
  const list = '/latest/meta-data/iam/security-credentials';
  const role = await (await fetch(`${imdsUrl}${list}`, { headers: withToken })).text();
  const tcp = (url: string) => ['tcp', new URL(url).hostname, new URL(url).port];
  const target = (
    name: string,
    place: readonly string[],
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Target => {
    const request = join(directory, `${name.replaceAll(' ', '-')}.request`);
    writeRequest(request, path, place, headers);
    return { name, pid, place, request, users };
  };
  return [
    target('agent socket', ['unix', socketPath], '/v1/credentials', {}),
    target('container endpoint', tcp(containerUrl), new URL(containerUrl).pathname, { Authorization: token }),
    target('IMDS-compatible endpoint', tcp(imdsUrl), `${list}/${role}`, withToken),
  ];
}

/** With the headers that an SDK sends beside its own. */
export function writeRequest(
  file: string,
  path: string,
  place: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): void {
  const host = place[0] === 'tcp' ? `${place[1]}:${place[2]}` : 'localhost';
  const all = { Host: host, 'User-Agent': 'rolekeeper-bench/1', Accept: '*/*', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  writeFileSync(file, `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
}
