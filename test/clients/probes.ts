/** Programs of our own on real SDKs, one directory each in `probes/`, whose README has the contract. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SimulatedSet } from '../support/agent-process.ts';
import type { Cell } from './cells.ts';
import { type FakeS3, fakeS3 } from './fake-s3.ts';
import { lastWords } from './journal.ts';
import { type LineProcess, lineProcess } from './line-process.ts';
import { type S3Request, wrongSignature } from './signed-request.ts';
import type { Stage } from './stage.ts';
import { ledBy, type Surface } from './surfaces.ts';

const DIRECTORY = fileURLToPath(new URL('probes', import.meta.url));

/** As `rolekeeper env --surface` has them, and `env` for `rolekeeper exec`. */
export type Kind = 'container' | 'imds' | 'process' | 'file' | 'env';

export interface Probe {
  readonly name: string;
  readonly version: string;
  readonly client: string;
  readonly kinds: readonly Kind[];
  /** Where it asks for a new set before the old one has ended. */
  readonly rereads: ReadonlySet<string>;
  readonly notes: string;
  readonly directory: string;
  readonly cache: string;
}

/** @param caches where each probe has a directory of its own, by its name */
export function findProbes(caches: string): readonly Probe[] {
  return readdirSync(DIRECTORY)
    .filter((name) => existsSync(join(DIRECTORY, name, 'probe.json')))
    .toSorted()
    .map((id) => {
      const directory = join(DIRECTORY, id);
      const { name, version, client, surfaces, rereads, notes } = JSON.parse(
        readFileSync(join(directory, 'probe.json'), 'utf8'),
      );
      return {
        name,
        version,
        client,
        kinds: surfaces,
        rereads: new Set(Object.keys(rereads)),
        notes,
        directory,
        cache: join(caches, id),
      };
    });
}

export function surfacesOf({ kinds }: Probe): readonly Surface[] {
  const columns: Record<Kind, readonly Surface[]> = {
    container: ['container'],
    imds: ['imds', 'imds ±/'],
    process: ['helper', 'command'],
    file: ['file'],
    env: ['env'],
  };
  return kinds.flatMap((kind) => columns[kind]);
}

export function probeCell(stage: Stage, probe: Probe, surface: Surface, missing: string | undefined): Cell {
  return {
    client: probe.name,
    surface,
    missing,
    async attempt() {
      await using running = await startProbe(stage, probe, surface);
      const expected = await stage.currentSet();
      return problemWith(await running.call(), expected);
    },
  };
}

export interface RunningProbe extends AsyncDisposable {
  call(): Promise<Call>;
}

/** One call of a probe. */
export interface Call {
  /** What the client said. */
  readonly error: string | undefined;
  readonly requests: readonly S3Request[];
}

/** What was wrong with a call that was to be signed with this set; undefined where nothing was. */
export function problemWith({ error, requests }: Call, set: SimulatedSet): string | undefined {
  if (error !== undefined) return error;
  if (requests.length === 0) return 'it asked S3 for nothing';
  return requests.map((request) => wrongSignature(request, set)).find((problem) => problem !== undefined);
}

export async function startProbe(
  stage: Stage,
  probe: Probe,
  surface: Surface,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProbe> {
  const s3 = await fakeS3();
  const leader = await ledBy(stage, probe.client, surface);
  // For the probe alone, after all that the way to the agent has set.
  const given = ['/usr/bin/env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  const command = [...leader, ...given, join(probe.directory, 'run.sh'), probe.cache];
  const running = lineProcess(command, {
    ...stage.env,
    HOME: stage.directoryFor('home'),
    S3_ENDPOINT: s3.url,
  });
  return {
    call: () => callOnce(running, s3),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await s3[Symbol.asyncDispose]();
      stage.journal.add(`${probe.name} (${surface})`, running.stderr());
    },
  };
}

async function callOnce(running: LineProcess, s3: FakeS3): Promise<Call> {
  const before = s3.requests.length;
  const answer = await running.ask('list');
  return {
    error: answer === 'ok' ? undefined : `${answer.slice(0, 300)} ${lastWords(running.stderr())}`.trim(),
    requests: s3.requests.slice(before),
  };
}
