/**
 * Runs real programs against an agent on a simulated instance, each by every surface that it supports, before and after a
 * rotation, and prints what became of each: `run.ts CACHES PREPARED [WORD...]`, with the file that `prepare.ts` has
 * written, and words that a client has to have one of in its name.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAskedFor } from './asked.ts';
import { findSecrets } from './canary.ts';
import { type Cell, deniedCell, programCell, type Surroundings } from './cells.ts';
import type { ServerCertificate } from './fake-s3.ts';
import { readersOfFiles } from './file-readers.ts';
import { isIsolated, redirectLinkLocal, withoutMounts, withoutUsers } from './link-local.ts';
import { livingClients } from './living.ts';
import { findProbes, type Probe, probeCell, surfacesOf } from './probes.ts';
import { programs } from './programs.ts';
import { outcomeOf, type Result, table, tally } from './results.ts';
import { openStage, type Stage } from './stage.ts';
import { stsCells } from './sts-cells.ts';
import { meanings, needsRedirection, type Surface, surfaces } from './surfaces.ts';

/** More would only take turns on the processors of a small machine. */
const AT_A_TIME = 4;

const [caches = '', prepared = '', ...words] = process.argv.slice(2);
const isAsked = ({ name }: { readonly name: string }) => isAskedFor(words, name);
const notReady: Record<string, string | null> = JSON.parse(readFileSync(prepared, 'utf8'));
const missing = (probe: Probe) => notReady[probe.name] ?? undefined;

const results = isIsolated() ? await everything() : nothing();
print(`\n${surfaces.map((surface) => `${surface.padEnd(11)}${meanings[surface]}`).join('\n')}\n\n`);
print(table(results, surfaces));
print(`${tally(results)}\n`);
process.exitCode = results.some(({ outcome }) => outcome.startsWith('FAIL')) ? 1 : 0;

async function everything(): Promise<readonly Result[]> {
  const probes = findProbes(caches).filter(isAsked);
  const asked = programs.filter(isAsked);
  await using stage = await openStage('8m');
  // They mostly wait for the end of their set.
  const living = livingClients(probes, missing);
  const around: Surroundings = {
    stage,
    certificate: certificate(stage),
    withoutUsers: withoutUsers(),
    withoutMounts: withoutMounts(stage),
  };
  await using sts = await stsCells(stage);
  const plain = [
    ...asked.flatMap((program) =>
      program.surfaces
        .filter((surface) => !needsRedirection(surface))
        .map((surface) => programCell(around, program, surface)),
    ),
    ...probes.flatMap((probe) =>
      surfacesOf(probe).map((surface) => probeCell(stage, probe, surface, missing(probe))),
    ),
    ...sts.cells.filter(({ client }) => isAsked({ name: client })),
  ];
  const results = await beforeAndAfterRotation(stage, plain);
  if (words.length === 0) results.push(...(await readersOfFiles()));
  const lived = await living;
  results.push(...lived.results);

  const noRedirection = redirectLinkLocal(stage);
  const redirected = asked.flatMap((program) => [
    ...program.surfaces.filter(needsRedirection).map((surface) => programCell(around, program, surface)),
    ...(program.surfaces.includes('tokenless') ? [deniedCell(around, program)] : []),
  ]);
  results.push(
    ...(await beforeAndAfterRotation(
      stage,
      redirected.map((cell) => ({ ...cell, missing: noRedirection ?? cell.missing })),
    )),
  );
  for (const each of [stage, lived.stage]) {
    const found = await findSecrets(each);
    results.push({
      client: 'all of them',
      surface: 'no secret in what was said, logged or left behind',
      moment: `sets of ${each === stage ? '8 minutes' : 'seconds'}`,
      outcome: outcomeOf(found.length === 0 ? undefined : found.join('; ')),
    });
  }
  await lived.stage[Symbol.asyncDispose]();
  await stage.agent.stop();
  results.push(...(await attemptAll(sts.withoutAgent, 'agent stopped')));
  return results;
}

async function beforeAndAfterRotation(stage: Stage, cells: readonly Cell[]): Promise<Result[]> {
  const before = await attemptAll(cells, 'before a rotation');
  await stage.rotate();
  return [...before, ...(await attemptAll(cells, 'after a rotation'))];
}

async function attemptAll(cells: readonly Cell[], moment: string): Promise<readonly Result[]> {
  const results: Result[] = [];
  const left = cells.entries();
  const work = async () => {
    for (const [index, { client, surface, missing: reason, attempt }] of left) {
      const outcome =
        reason === undefined
          ? outcomeOf(await attempt().catch((error: unknown) => String(error)))
          : `skip: ${reason}`;
      results[index] = { client, surface, moment, outcome };
      if (outcome.startsWith('FAIL')) print(`${client}, ${surface}, ${moment}: ${outcome}\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return results;
}

/** Where there are other interfaces, a program that passes the agent over would ask this machine's own metadata service. */
function nothing(): readonly Result[] {
  const reason =
    'skip: this system allows no network namespace, and outside of one a program could reach the real IMDS';
  const all: readonly (readonly [string, readonly Surface[]])[] = [
    ...programs.map(({ name, surfaces: columns }) => [name, columns] as const),
    ...findProbes(caches).map((probe) => [probe.name, surfacesOf(probe)] as const),
  ];
  return all.flatMap(([client, columns]) =>
    columns.map((surface) => ({ client, surface, moment: 'never', outcome: reason })),
  );
}

function certificate({ directory }: Stage): ServerCertificate | undefined {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'].concat([
        ...['-keyout', key, '-out', cert],
      ]),
      { stdio: 'ignore' },
    );
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } catch {
    return undefined;
  }
}

function print(text: string): void {
  process.stdout.write(text);
}
