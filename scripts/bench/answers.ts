import { statSync } from 'node:fs';
import { join } from 'node:path';
import { constantServer } from './constant-server.ts';
import { type LoadResult, load, surfacesOf, type Target } from './load.ts';
import { inTurn, median, ratio } from './measured.ts';
import { plain, type Row } from './row.ts';
import type { Stage } from './stage.ts';

/**
 * So many that what a connection costs when it is made, which is a row of its own, is no part of the figure; of one user
 * alone only a burst, because that one may ask no more at once.
 */
const REQUESTS = 60_000;
const REQUESTS_OF_ONE = 10_000;
const CONNECTIONS = 32;
const MANY_CONNECTIONS = 200;
const ROUNDS = 7;

/**
 * Answers for each second of processor time, and latencies with many clients: each surface against servers that answer
 * everything with a constant body of that size, on the same kind of socket. All are on one processor, and the load on
 * another.
 */
export async function answers(stage: Stage): Promise<readonly Row[]> {
  const agent = await stage.agent({ leader: stage.tools.pinned(0) });
  const surfaces = await surfacesOf(stage, agent);
  const references = await constantServers(stage, bodySize(agent.directory));
  const usable = references.filter((each) => 'pid' in each);
  const targets = [...surfaces, ...usable];
  const rates = await measure(stage, targets, CONNECTIONS, ({ cost }) => 1e6 / cost);
  const latencies = await measure(stage, targets, MANY_CONNECTIONS, ({ p99 }) => p99 / 1_000);
  await agent.end();
  const rows = surfaces.flatMap((surface) =>
    references
      .filter(({ kind }) => kind === surface.place[0])
      .map((reference) => ({ surface, reference, isNode: reference.name.startsWith('node') })),
  );
  return [
    ...rows.map(({ surface, reference, isNode }): Row => {
      const aim = { least: isNode ? 0.85 : 0.8 };
      const figure = `${surface.name}: answers / ${reference.name}`;
      return compared(figure, aim, rates, surface, reference, 'answers a second');
    }),
    ...rows
      .filter(({ isNode }) => isNode)
      .map(({ surface, reference }): Row => {
        const figure = `${surface.name}: p99 of ${MANY_CONNECTIONS} clients / ${reference.name}`;
        return compared(figure, { most: 1.3 }, latencies, surface, reference, 'ms');
      }),
  ];
}

type Reference = { readonly name: string; readonly kind: string } & (Target | { readonly missing: string });

function compared(
  figure: string,
  aim: NonNullable<Row['aim']>,
  found: Readonly<Record<string, number[]>>,
  surface: Target,
  reference: Reference,
  unit: string,
): Row {
  if ('missing' in reference) return { figure, unit: '×', aim, value: undefined, detail: reference.missing };
  const [ours = [], theirs = []] = [found[surface.name], found[keyOf(reference)]];
  return {
    figure,
    unit: '×',
    aim,
    ...ratio({ ours, reference: theirs }),
    detail: `${plain(median(ours))} against ${plain(median(theirs))} ${unit}; ${ours.length} rounds`,
  };
}

function keyOf({ name, kind }: Reference): string {
  return `${name} ${kind}`;
}

async function measure(
  stage: Stage,
  targets: readonly (Target & { readonly kind?: string })[],
  connections: number,
  figureOf: (result: LoadResult) => number,
): Promise<Record<string, number[]>> {
  const actions = targets.map((target) => [
    target.kind === undefined ? target.name : keyOf({ ...target, kind: target.kind }),
    async () =>
      figureOf(await load(stage, target, connections, target.users > 1 ? REQUESTS : REQUESTS_OF_ONE)),
  ]);
  return inTurn(stage.rounds(ROUNDS), Object.fromEntries(actions));
}

function bodySize(directory: string): number {
  return statSync(join(directory, 'credential-process.json')).size;
}

/** Node's and Go's servers with a constant body, on a Unix socket and on TCP. */
async function constantServers(stage: Stage, size: number): Promise<readonly Reference[]> {
  const { goServer } = stage.tools;
  const kinds = ['unix', 'tcp'] as const;
  return Promise.all(
    kinds.flatMap((kind): Promise<Reference>[] => [
      constantServer(stage, kind, size),
      'missing' in goServer
        ? Promise.resolve({ name: 'Go net/http', kind, missing: goServer.missing })
        : constantServer(stage, kind, size, 'Go net/http', goServer.command),
    ]),
  );
}
