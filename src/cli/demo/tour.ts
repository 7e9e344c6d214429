import { readdirSync } from 'node:fs';
import { EXIT } from '../exit-codes.ts';
import type { CommandResult, Stage } from './stage.ts';

export interface Step {
  readonly title: string;
  /** Plays the step and returns what did not hold. */
  readonly show: (stage: Stage & { readonly tell: (text: string) => void }) => Promise<string[]>;
}

/** Each step leaves the stage as it found it: a role attached and served. */
export const tour: readonly Step[] = [
  {
    title: 'First fetch: a metadata token, the role, its credential document',
    async show({ agent, instance, tell }) {
      const how = await agent.ready;
      const status = agent.status();
      tell(`role ${status.role}, account ${status.account_id}, expires ${status.expiration}`);
      return problems({
        'the agent is ready with credentials': how === 'credentials',
        'it serves a set of the role': isOfRole(instance, 'web', status.key_id?.slice(-4)),
      });
    },
  },
  {
    title: 'A program runs credential_process',
    async show({ credentialProcess, instance, tell }) {
      const result = await credentialProcess();
      const answer = parse(result);
      tell(`one line of JSON: ${[...Object.keys(answer)].join(', ')}`);
      return problems({
        'it exits 0 with nothing on stderr': result.exitCode === 0 && result.stderr === '',
        'it prints a key of the role': isOfRole(instance, 'web', answer.AccessKeyId),
        'Version is the number 1': answer.Version === 1,
      });
    },
  },
  {
    title: 'The set is replaced long before it expires, and no reader notices',
    async show({ agent, reader, until, tell }) {
      reader.reset();
      const old = agent.status();
      tell('a consumer asks the socket all the time; the next rotation is at most 20 minutes (5 s) away');
      await until('the agent serves the rotated set', () => agent.status().key_id !== old.key_id, 30);
      const minutesLeft =
        (Date.parse(old.expiration ?? '') - Date.parse(agent.status().last_check?.at ?? '')) / 60_000;
      await until('the reader has it', () => reader.record().keyIds.length > 1, 5);
      const record = reader.record();
      tell(
        `the old set had ${Math.round(minutesLeft)} minutes left; ${record.answers} answers, none refused`,
      );
      return problems({
        'the old set was still good': minutesLeft > 20,
        'every answer held credentials': record.answers > 10 && record.refusals.length === 0,
        'no reader saw an older set after a newer one': !record.wentBack,
      });
    },
  },
  {
    title: 'The instance’s role is replaced, without interruption',
    async show({ agent, instance, reader, until, tell }) {
      reader.reset();
      instance.attachRole('batch');
      await until('the new role is served', () => agent.status().role === 'batch', 5);
      await until('the reader has it', () => isOfRole(instance, 'batch', reader.record().keyIds.at(-1)), 5);
      const record = reader.record();
      tell(`role ${agent.status().role} now; ${record.answers} answers, none refused`);
      return problems({
        'every answer held credentials': record.answers > 0 && record.refusals.length === 0,
        'the old role’s keys are gone for good': !record.wentBack,
      });
    },
  },
  {
    title: 'IMDS fails for a quarter of an hour: consumers do not',
    async show({ agent, instance, reader, minutes, until, tell }) {
      reader.reset();
      tell('every request to IMDS gets 503 from now on, for 15 minutes (4 s)');
      instance.setFault({ kind: 'status', status: 503 });
      await minutes(15);
      const during = agent.status();
      tell(
        `status meanwhile: ${during.condition} (${during.reason}), still serving until ${during.expiration}`,
      );
      instance.clearFaults();
      await until('all is well again', () => agent.status().condition === 'ok', 5);
      const record = reader.record();
      return problems({
        'the status said so': during.condition === 'degraded' && during.reason === 'throttled',
        'every answer held credentials': record.answers > 10 && record.refusals.length === 0,
      });
    },
  },
  {
    title: 'The role is detached: withdrawn everywhere, with a clear error',
    async show({ agent, instance, credentialProcess, until, tell }) {
      instance.detachRole();
      await until('nothing is served', () => agent.status().phase === 'absent', 10);
      const result = await credentialProcess();
      tell(`exit ${result.exitCode}: ${result.stderr.trim()}`);
      return problems({
        'the exit code says no role': result.exitCode === EXIT.noRole,
        'nothing is on stdout': result.stdout === '',
        'one line says why': /^rolekeeper: .*detached.*\n$/.test(result.stderr),
      });
    },
  },
  {
    title: 'A role is attached again, and served within a check',
    async show({ agent, instance, credentialProcess, until }) {
      instance.attachRole('web');
      await until('it is served', () => agent.status().serving, 2);
      const answer = parse(await credentialProcess());
      return problems({ 'a key of it is printed': isOfRole(instance, 'web', answer.AccessKeyId) });
    },
  },
  {
    title: 'A clean stop leaves nothing but what a restart needs',
    async show({ agent, reader, runtimeDirectory, tell }) {
      await reader.stop();
      await agent.close();
      const left = readdirSync(runtimeDirectory);
      tell(`left in the runtime directory: ${left.join(', ')}`);
      const needed = ['container-token', 'container-token.state', 'state.json'];
      return problems({
        'no socket, no answer and no temporary file is left': left.join() === needed.join(),
      });
    },
  },
];

function problems(claims: Record<string, boolean>): string[] {
  return Object.entries(claims)
    .filter(([, holds]) => !holds)
    .map(([claim]) => `it should be so that ${claim}`);
}

/** Whether IMDS has handed out such a key for the role: the whole id, or its last characters. */
function isOfRole(instance: Stage['instance'], roleName: string, keyId: unknown): boolean {
  if (typeof keyId !== 'string' || keyId === '') return false;
  return instance.issuedSets().some((set) => set.roleName === roleName && set.accessKeyId.endsWith(keyId));
}

function parse({ stdout }: CommandResult): Record<string, unknown> {
  try {
    return JSON.parse(stdout);
  } catch {
    return {};
  }
}
