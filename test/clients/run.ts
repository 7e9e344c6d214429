/** Runs Debian's AWS CLI and boto3 against an agent on a simulated instance, and prints what became of each. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AgentProcess,
  agentProcess,
  type SimulatedSet,
  type SimulatorProcess,
  simulatorProcess,
  temporaryDirectory,
} from '../support/agent-process.ts';
import { helper, rolekeeper } from '../support/child.ts';
import { type FakeSts, fakeSts } from '../support/fake-sts.ts';
import { type ClientWorld, clients } from './clients.ts';

/** What `credential_process` is set to, by the name of the profile. */
const SURFACES = {
  helper: `"${helper}"`,
  command: `${rolekeeper.map((word) => `"${word}"`).join(' ')} credential-process`,
};

interface Row {
  readonly client: string;
  readonly surface: string;
  readonly moment: string;
  /** `pass`, or `FAIL` or `skip` with the reason. */
  readonly result: string;
}

const rows = await allRows();
const count = (word: string) => rows.filter(({ result }) => result.startsWith(word)).length;
const [passed, failed, skipped] = [count('pass'), count('FAIL'), count('skip')];
print(table(rows));
print(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed > 0 ? 1 : 0;

async function allRows(): Promise<readonly Row[]> {
  using directory = temporaryDirectory();
  await using sts = await fakeSts();
  // Sets that live this long are in boto3's window: it runs credential_process before every request.
  await using simulator = await simulatorProcess('--lifetime', '8m');
  await using agent = await agentProcess({
    endpoint: simulator.url,
    runtimeDirectory: directory.path,
    flags: ['--imds-check-interval', '200ms'],
  });
  await agent.becomes((status) => status.serving);
  writeFileSync(join(directory.path, 'config'), profiles());
  return await rowsOf(simulator, agent, sts, directory.path);
}

async function rowsOf(
  simulator: SimulatorProcess,
  agent: AgentProcess,
  sts: FakeSts,
  directory: string,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const world: ClientWorld = { env: environment(directory), sts };
  await using started = clients(world, Object.keys(SURFACES));

  await everyClient('before a rotation', await simulator.currentSet());
  const { generation } = await agent.status();
  await simulator.control({ rotate: true });
  await agent.becomes((status) => status.generation > generation);
  await everyClient('after a rotation', await simulator.currentSet());
  await agent.stop();
  await everyClient('agent stopped', undefined);
  return rows;

  async function everyClient(moment: string, expected: SimulatedSet | undefined): Promise<void> {
    for (const { client, surface, missing, use } of started.all) {
      const problem = missing === undefined ? await use(expected) : undefined;
      const result =
        missing !== undefined ? `skip: ${missing}` : problem === undefined ? 'pass' : `FAIL: ${problem}`;
      rows.push({ client, surface, moment, result });
    }
  }
}

function profiles(): string {
  return Object.entries(SURFACES)
    .map(([name, command]) => `[profile ${name}]\ncredential_process = ${command}\nregion = eu-central-1\n`)
    .join('\n');
}

/** Everything that a client gets: nothing of this process's own environment, and no way to IMDS. */
function environment(directory: string): Readonly<Record<string, string>> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: directory,
    AWS_CONFIG_FILE: join(directory, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(directory, 'no-such-file'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    ROLEKEEPER_RUNTIME_DIR: directory,
  };
}

function table(all: readonly Row[]): string {
  const lines = [{ client: 'client', surface: 'surface', moment: 'when', result: 'result' }, ...all];
  return lines
    .map(({ client, surface, moment, result }) =>
      [client.padEnd(26), surface.padEnd(9), moment.padEnd(19), result].join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function print(text: string): void {
  process.stdout.write(text);
}
