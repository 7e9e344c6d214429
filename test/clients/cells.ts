import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type FakeS3, fakeS3, type ServerCertificate } from './fake-s3.ts';
import { lastWords } from './journal.ts';
import { type LockedStage, repeatedConnects } from './locked-stage.ts';
import type { Program, ProgramRun } from './programs.ts';
import { wrongSignature } from './signed-request.ts';
import type { Stage } from './stage.ts';
import { ledBy, needsRedirection, type Surface } from './surfaces.ts';
import { asUser, DENIED_USER, OTHER_USER, SHUT_OUT_USER, TOKENLESS_USER } from './users.ts';

/** One client by one surface, to be tried before and after a rotation. */
export interface Cell {
  readonly client: string;
  readonly surface: string;
  /** Why it cannot be tried here. */
  readonly missing: string | undefined;
  /** Resolves with what was wrong, or with nothing. */
  attempt(): Promise<string | undefined>;
}

export interface Surroundings {
  readonly stage: Stage;
  /** Undefined: there is no openssl. */
  readonly certificate: ServerCertificate | undefined;
  /** Why the agent keeps no file here. */
  readonly withoutFiles: string | undefined;
  /** Why no file system can be mounted. */
  readonly withoutMounts: string | undefined;
}

export function programCell(around: Surroundings, program: Program, surface: Surface): Cell {
  return {
    client: program.name,
    surface,
    missing: whatIsMissing(around, program, surface),
    async attempt() {
      const { stage, certificate } = around;
      await using s3 = await fakeS3(program.tls ? certificate : undefined);
      const expected = await stage.currentSet();
      const { code, stderr } = await runProgram(stage, program, surface, s3, userOf(surface));
      if (code !== 0) return `exit code ${code}: ${lastWords(stderr)}`;
      if (s3.requests.length === 0) return 'it asked S3 for nothing';
      return s3.requests
        .map((request) => wrongSignature(request, expected))
        .find((problem) => problem !== undefined);
    },
  };
}

/** Where others are shut out, nobody is root: the packet rules refuse it, too. */
export function userOf(surface: Surface): string | undefined {
  if (surface === 'tokenless') return TOKENLESS_USER;
  return needsRedirection(surface) ? OTHER_USER : undefined;
}

/** Somebody who may not read without a token. */
export function tokenDemandedCell(around: Surroundings, program: Program): Cell {
  return deniedCell(around, program, 'tokenless', OTHER_USER);
}

/** Somebody who may not read at all, by the agent's rules. */
export function notAllowedCell(around: Surroundings, program: Program, surface: Surface): Cell {
  return deniedCell(around, program, surface, DENIED_USER);
}

/** Must get nothing that could be signed with. */
function deniedCell(around: Surroundings, program: Program, surface: Surface, user: string): Cell {
  return {
    client: program.name,
    surface: `${surface} as ${user} is refused`,
    missing: whatIsMissing(around, program, surface),
    async attempt() {
      await using s3 = await fakeS3();
      const { code } = await runProgram(around.stage, program, surface, s3, user);
      if (s3.requests.some(({ accessKeyId }) => accessKeyId !== undefined)) return 'it signed a request';
      return code === 0 ? 'it went on as if it had credentials' : undefined;
    },
  };
}

/** s3fs itself pauses for 20 seconds between its attempts, and each would wait for 300 if nobody refused it. */
const WHOLE_FAILURE_SECONDS = 40;

/** Somebody whom the packet rules do not redirect: is refused, so that it fails without waiting for an answer. */
export function shutOutCell(
  around: Surroundings,
  { stage, refusals }: LockedStage,
  program: Program,
  surface: Surface,
): Cell {
  return {
    client: program.name,
    surface: `${surface} as ${SHUT_OUT_USER} is refused at once by the packet rules`,
    missing: whatIsMissing(around, program, surface),
    async attempt() {
      await using s3 = await fakeS3();
      const before = { refusals: refusals(), repeated: repeatedConnects() };
      const limited = {
        ...program,
        command: (run: ProgramRun) => [
          '/usr/bin/timeout',
          '--signal=KILL',
          `${WHOLE_FAILURE_SECONDS}`,
          ...program.command(run),
        ],
      };
      const { code } = await runProgram(stage, limited, surface, s3, SHUT_OUT_USER);
      if (code === 0) return 'it went on as if it had credentials';
      if (code === 137) return `it had not ended after ${WHOLE_FAILURE_SECONDS} seconds`;
      if (s3.requests.some(({ accessKeyId }) => accessKeyId !== undefined)) return 'it signed a request';
      if (refusals() === before.refusals) return 'the rules refused nothing';
      return repeatedConnects() === before.repeated ? undefined : 'it waited for an answer and asked again';
    },
  };
}

/** In a directory of its own. */
export async function runProgram(
  stage: Stage,
  program: Program,
  surface: Surface,
  s3: FakeS3,
  user: string | undefined,
  env: Readonly<Record<string, string>> = {},
) {
  const place = stage.directoryFor(program.package);
  const leader =
    surface === 'file' && program.homeWithFile ? [] : await ledBy(stage, program.client, surface);
  const command = program.command({ s3, surface, directory: join(place, 'own') });
  return await stage.run(
    `${program.name} (${surface})`,
    [...leader, ...(user === undefined ? [] : asUser(user)), ...command],
    {
      ...stage.env,
      ...program.env,
      ...env,
      HOME: surface === 'file' && program.homeWithFile ? join(stage.directory, 'boto-home') : place,
    },
  );
}

export function whatIsMissing(around: Surroundings, program: Program, surface: Surface): string | undefined {
  if (!existsSync(program.file)) return `there is no ${program.file} (Debian: ${program.package})`;
  if (program.tls && around.certificate === undefined)
    return 'there is no openssl to make a certificate with';
  if (program.mounts && around.withoutMounts !== undefined) return around.withoutMounts;
  if (surface === 'file' && around.withoutFiles !== undefined) return around.withoutFiles;
  return undefined;
}
