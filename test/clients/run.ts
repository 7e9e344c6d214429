/**
 * Runs real programs against an agent on a simulated instance, each by every surface that it supports, before and after a
 * rotation, and prints what became of each: `run.ts CACHES PREPARED [WORD...]`, with the file that `prepare.ts` writes, and words that a client has to have one of in its name.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isIsolated } from '../support/machine.ts';
import { isAskedFor } from './asked.ts';
import { auditProblem } from './audit.ts';
import { type Canary, findSecrets, takeCanary } from './canary.ts';
import {
  type Cell,
  notAllowedCell,
  programCell,
  type Surroundings,
  shutOutCell,
  tokenDemandedCell,
  whatIsMissing,
} from './cells.ts';
import type { ServerCertificate } from './fake-s3.ts';
import { readersOfFiles } from './file-readers.ts';
import { LIFETIME, livingClients } from './living.ts';
import { type LockedStage, openLockedStage } from './locked-stage.ts';
import { findProbes, type Probe, probeCell, surfacesOf } from './probes.ts';
import { type Program, programs } from './programs.ts';
import { outcomeOf, type Result, table, tally } from './results.ts';
import { openStage, type Stage } from './stage.ts';
import { fewFetches, STORM_CHECK_INTERVAL, STORM_LIFETIME, storm } from './storm.ts';
import { stsCells } from './sts-cells.ts';
import { meanings, needsRedirection, type Surface, surfaces } from './surfaces.ts';
import { withoutFiles, withoutMounts, withoutRules } from './what-is-missing.ts';

/** More would only take turns on the processors of a small machine. */
const AT_A_TIME = 4;

const [caches = '', prepared = '', ...words] = process.argv.slice(2);
const isAsked = ({ name }: { readonly name: string }) => isAskedFor(words, name);

const results = isIsolated() ? await everything() : nothing();
print(`\n${surfaces.map((surface) => `${surface.padEnd(11)}${meanings[surface]}`).join('\n')}\n\n`);
print(table(results, surfaces));
print(`${tally(results)}\n`);
process.exitCode = results.some(({ outcome }) => outcome.startsWith('FAIL')) ? 1 : 0;

async function everything(): Promise<readonly Result[]> {
  await using stage = await openStage('8m');
  await using sts = await stsCells(stage);
  const around = surroundingsOf(stage);
  const results = [
    ...(await programsByTheirSurfaces(around, sts.cells)),
    ...(await programsBehindRules(around)),
    ...(words.length === 0 ? await readersOfFiles() : []),
    ...(await probesByTheirSurfaces(stage)),
    ...(words.length === 0 || words.includes('storm') ? await stormOfCalls(around) : []),
  ];
  const canary = await takeCanary(stage);
  await stage.agent.stop();
  results.push(...(await attemptAll(sts.withoutAgent, 'agent stopped')));
  results.push(noSecrets(stage, canary));
  return results;
}

async function programsByTheirSurfaces(
  around: Surroundings,
  more: readonly Cell[],
): Promise<readonly Result[]> {
  const asked = programs.filter(isAsked);
  return await beforeAndAfterRotation(around.stage, [
    ...asked.flatMap((program) =>
      program.surfaces
        .filter((surface) => !needsRedirection(surface))
        .map((surface) => programCell(around, program, surface)),
    ),
    ...more.filter(({ client }) => isAsked({ name: client })),
  ]);
}

/** What goes to the address of IMDS, with the rules of `rolekeeper network apply` in force and everybody but the agent shut out. */
async function programsBehindRules(around: Surroundings): Promise<readonly Result[]> {
  const asked = programs.filter(isAsked);
  const cellsOf = (here: Surroundings) =>
    asked.flatMap((program) => [
      ...program.surfaces.filter(needsRedirection).map((surface) => programCell(here, program, surface)),
      ...(program.shutOut ?? []).map((surface) => notAllowedCell(here, program, surface)),
      ...(program.surfaces.includes('tokenless') ? [tokenDemandedCell(here, program)] : []),
    ]);
  const missing = withoutRules();
  if (missing !== undefined) {
    return await attemptAll(
      cellsOf(around).map((cell) => ({ ...cell, missing })),
      'never',
    );
  }
  await using locked = await openLockedStage('8m');
  const here = { ...around, stage: locked.stage };
  const results = await beforeAndAfterRotation(locked.stage, cellsOf(here));
  const shutOut = asked.flatMap((program) =>
    (program.shutOut ?? []).map((surface) => shutOutCell(here, locked, program, surface)),
  );
  // One at a time: they count what is refused.
  results.push(...(await attemptAll(shutOut, 'with the rules in force', 1)));
  results.push(await everybodyTold(here, asked));
  const canary = await takeCanary(locked.stage);
  await locked.stage.agent.stop();
  results.push(noSecrets(locked.stage, canary), nothingStrayed(locked));
  return results;
}

async function everybodyTold(around: Surroundings, asked: readonly Program[]): Promise<Result> {
  const tried = asked.flatMap((program) =>
    (program.shutOut ?? [])
      .filter((surface) => whatIsMissing(around, program, surface) === undefined)
      .map((surface) => ({ program, surface })),
  );
  return {
    client: 'all of them',
    surface: 'rolekeeper callers and the log tell who was served and who was not',
    moment: 'with the rules in force',
    outcome: outcomeOf(await auditProblem(around.stage, tried)),
  };
}

function nothingStrayed({ strayed }: LockedStage): Result {
  const count = strayed();
  return {
    client: 'all of them',
    surface: 'nobody but the agent has sent anything to IMDS past the packet rules',
    moment: 'with the rules in force',
    outcome: outcomeOf(count === 0 ? undefined : `${count} packets`),
  };
}

/** After everything else, because they may still be being prepared. */
async function probesByTheirSurfaces(stage: Stage): Promise<readonly Result[]> {
  const probes = findProbes(caches).filter(isAsked);
  if (probes.length === 0) return [];
  const notReady = await reportOnPreparation();
  const missing = (probe: Probe) => notReady[probe.name] ?? undefined;
  const cells = probes.flatMap((probe) =>
    surfacesOf(probe).map((surface) =>
      probeCell(stage, probe, surface, missing(probe) ?? (surface === 'file' ? withoutFiles() : undefined)),
    ),
  );
  await using brief = await openStage(LIFETIME);
  const living = livingClients(probes, missing, brief);
  const results = await beforeAndAfterRotation(stage, cells);
  results.push(...(await living));
  const canary = await takeCanary(brief);
  await brief.agent.stop();
  return [...results, noSecrets(brief, canary)];
}

/** By the names of the probes: why it cannot be run here. `prepare.ts` ends on time, whatever becomes of its probes. */
async function reportOnPreparation(): Promise<Readonly<Record<string, string | null>>> {
  while (!existsSync(prepared)) await pause(200);
  return JSON.parse(readFileSync(prepared, 'utf8'));
}

async function stormOfCalls(around: Surroundings): Promise<readonly Result[]> {
  const probes = findProbes(caches).filter(
    ({ client }) => client === 'boto3-1.26' && existsSync('/usr/lib/python3/dist-packages/boto3'),
  );
  await using calm = await openStage('60m');
  const few = await Promise.all(probes.map((probe) => fewFetches(calm, probe)));
  const missing = withoutRules();
  await using locked =
    missing === undefined ? await openLockedStage(STORM_LIFETIME, STORM_CHECK_INTERVAL) : undefined;
  await using unlocked =
    locked === undefined ? await openStage(STORM_LIFETIME, STORM_CHECK_INTERVAL) : undefined;
  const stage = locked?.stage ?? unlocked;
  if (stage === undefined) return few;
  const many = await storm(
    { ...around, stage, withoutMounts: around.withoutMounts ?? missing },
    programs.flatMap((program): [Program, Surface][] => {
      if (program.package === 's3fs') return [[program, 'link-local']];
      return program.package === 'ruby-aws-sdk-s3' ? [[program, 'helper']] : [];
    }),
    probes,
  );
  const results = [...few, ...many];
  for (const each of [calm, stage]) {
    const canary = await takeCanary(each);
    await each.agent.stop();
    results.push(noSecrets(each, canary));
  }
  return results;
}

function surroundingsOf(stage: Stage): Surroundings {
  return {
    stage,
    certificate: certificate(stage),
    withoutFiles: withoutFiles(),
    withoutMounts: withoutMounts(stage),
  };
}

function noSecrets(stage: Stage, canary: Canary): Result {
  const found = findSecrets(stage, canary);
  return {
    client: 'all of them',
    surface: 'no secret in what was said, logged or left behind',
    moment: `sets of ${stage.lifetime}`,
    outcome: outcomeOf(found.length === 0 ? undefined : found.join('; ')),
  };
}

async function beforeAndAfterRotation(stage: Stage, cells: readonly Cell[]): Promise<Result[]> {
  const before = await attemptAll(cells, 'before a rotation');
  await stage.rotate();
  return [...before, ...(await attemptAll(cells, 'after a rotation'))];
}

async function attemptAll(
  cells: readonly Cell[],
  moment: string,
  atATime = AT_A_TIME,
): Promise<readonly Result[]> {
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
  await Promise.all(Array.from({ length: atATime }, work));
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
