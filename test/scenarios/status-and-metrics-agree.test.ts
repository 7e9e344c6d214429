/**
 * A day of a role in which everything happens, and after each step of it `/v1/status`, `rolekeeper status --json` and the
 * metrics say the same, down to the number of answers, and say it as the schema does.
 */
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { status } from '../../src/cli/status.ts';
import type { StatusDocument } from '../../src/delivery/status-document.ts';
import { eventually } from '../support/eventually.ts';
import { machineWithEverySurface } from '../support/every-surface.ts';
import { readSamples } from '../support/prometheus-samples.ts';
import { type Address, ask, exchange } from '../support/raw-http.ts';
import type { SimulatedMachine } from '../support/running-agent.ts';
import { expectStatusSchema } from '../support/status-schema.ts';
import { verbOn } from '../support/verb.ts';

vi.setConfig({ testTimeout: 120_000 });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NO_SHADOWS = { profiles: [], processes: [], unreadable: { users: [], processes: 0 } };
const uid = String(process.geteuid?.() ?? 0);

/** What the consumers of this test were told, by surface: `status` and, of a refusal, its code. */
type Ledger = Map<string, { readonly answers: Map<string, number>; readonly refusals: Map<string, number> }>;

interface Step {
  readonly name: string;
  readonly happens: (machine: SimulatedMachine) => void | Promise<void>;
  /** What the status says then: so that the step is the one it is called. */
  readonly says: Partial<StatusDocument>;
}

const DAY: readonly Step[] = [
  {
    name: 'an instance without a role',
    happens: (machine) => machine.start(),
    says: { phase: 'absent', serving: false, condition: 'degraded', reason: 'no-role' },
  },
  {
    name: 'a role is attached',
    happens: (machine) => {
      machine.instance.attachRole('web');
      return machine.advance(15_000);
    },
    says: { phase: 'fresh', serving: true, condition: 'ok', role: 'web' },
  },
  {
    name: 'its set is rotated',
    happens: (machine) => {
      machine.instance.rotate();
      return machine.advance(2 * MINUTE);
    },
    says: { phase: 'fresh', condition: 'ok' },
  },
  {
    name: 'IMDS fails',
    happens: (machine) => {
      machine.instance.setFault({ kind: 'status', status: 500, on: 'all' });
      return machine.advance(10 * MINUTE);
    },
    says: { phase: 'fresh', serving: true, condition: 'degraded', reason: 'unexpected-status' },
  },
  {
    name: 'it hangs',
    happens: (machine) => {
      machine.instance.clearFaults();
      machine.instance.setFault({ kind: 'black-hole' });
      return machine.advance(10 * MINUTE);
    },
    says: { serving: true, condition: 'degraded' },
  },
  {
    name: 'it is well again, and the role is replaced',
    happens: (machine) => {
      machine.instance.clearFaults();
      machine.instance.attachRole('batch');
      return machine.advance(3 * MINUTE);
    },
    says: { phase: 'fresh', condition: 'ok', role: 'batch' },
  },
  {
    name: "the machine's clock is off",
    happens: (machine) => {
      machine.instance.setFault({ kind: 'date-skew', ms: 2 * MINUTE });
      return machine.advance(2 * MINUTE);
    },
    says: { condition: 'ok', last_check: expect.objectContaining({ clock_skew_s: expect.closeTo(120, -1) }) },
  },
  {
    name: 'the role is detached',
    happens: (machine) => {
      machine.instance.clearFaults();
      machine.instance.detachRole();
      return machine.advance(3 * MINUTE);
    },
    says: { phase: 'absent', serving: false, reason: 'no-role' },
  },
  {
    name: 'and attached again',
    happens: (machine) => {
      machine.instance.attachRole('web');
      return machine.advance(MINUTE);
    },
    says: { phase: 'fresh', role: 'web' },
  },
  {
    name: 'the control plane issues no new set: the advisory window',
    happens: (machine) => {
      machine.instance.setFault({ kind: 'frozen' });
      return until(machine, -15 * MINUTE);
    },
    says: { phase: 'advisory', serving: true },
  },
  {
    name: 'the mandatory window',
    happens: (machine) => until(machine, -2 * MINUTE),
    says: { phase: 'mandatory', serving: true },
  },
  {
    name: 'past the expiration, extended',
    happens: (machine) => until(machine, MINUTE),
    says: { phase: 'expired', serving: true, reason: 'expired-document' },
  },
  {
    name: 'the end of the extension',
    happens: (machine) => {
      machine.instance.clearFaults();
      machine.instance.setFault({ kind: 'status', status: 503, on: 'all' });
      return machine.advance(HOUR);
    },
    says: { phase: 'expired', serving: false, reason: 'throttled' },
  },
  {
    name: 'all is well again',
    happens: (machine) => {
      machine.instance.clearFaults();
      return machine.advance(5 * MINUTE);
    },
    says: { phase: 'fresh', serving: true, condition: 'ok', failed_checks: 0 },
  },
  {
    name: 'a restart: what is counted begins anew',
    happens: async (machine) => {
      await machine.stop();
      await machine.advance(MINUTE);
      await machine.start();
    },
    says: { phase: 'fresh', serving: true, condition: 'ok', checks: { ok: 1 } },
  },
];

test('status, status --json and the metrics agree at every step of a day', async () => {
  await using machine = await machineWithEverySurface({
    instance: { role: null },
    settings: { 'metrics.listen': '127.0.0.1:0' },
    rules: [{ ...RULE, verdict: 'deny', user: uid, surfaces: ['container_endpoint'] }],
  });
  let ledger: Ledger = new Map();
  for (const { name, happens, says } of DAY) {
    const wasRunning = machine.isRunning();
    const before = wasRunning ? machine.agent() : undefined;
    await happens(machine);
    if (machine.agent() !== before) ledger = new Map();
    await consumersAsk(machine, ledger);
    await eventually(() => filesAreWritten(machine.agent().status()));
    const told = await readAll(machine);
    expect(told.document, name).toMatchObject(says);
    expect(told.verb, name).toEqual({ ...told.document, shadowed_by: NO_SHADOWS });
    expectStatusSchema(told.document);
    expectStatusSchema(told.verb);
    expect(countsOf(told.document), name).toEqual(ledger);
    for (const samples of told.metrics) {
      expect(interesting(samples), name).toEqual(samplesOf(told.document));
      const checks = Object.values(told.document.checks).reduce((sum, count) => sum + count, 0);
      expect(samples.get('rolekeeper_imds_latency_seconds_count'), name).toBe(checks);
    }
  }
});

const RULE = { user: '', group: '', unit: '', exe: '', place: 'config.toml:1' } as const;

/** Up to so long after the expiration of the set that is held. */
async function until(machine: SimulatedMachine, ms: number): Promise<void> {
  const { expiration = '' } = machine.agent().status();
  await machine.advance(Date.parse(expiration) + ms - machine.clock.now());
}

/** One request over each surface that is answered, and one that is refused. */
async function consumersAsk(machine: SimulatedMachine, ledger: Ledger): Promise<void> {
  const agent: Address = { path: join(machine.runtimeDirectory, 'agent.sock') };
  const { containerUrl = '', imdsUrl = '' } = machine.agent();
  const at = ({ hostname, port }: URL): Address => ({ host: hostname, port: Number(port) });
  const list = '/latest/meta-data/iam/security-credentials/';
  for (const [surface, to, path, headers, refusal] of [
    ['agent_socket', agent, '/v1/credentials', {}, undefined],
    ['agent_socket', agent, '/v1/credential-process', {}, undefined],
    ['agent_socket', agent, '/v1/credentials', { Origin: 'http://evil.example' }, 'forwarded-request'],
    ['container_endpoint', at(new URL(containerUrl)), '/v1/container-credentials', {}, 'access-denied'],
    ['container_endpoint', at(new URL(containerUrl)), '/', { Host: 'evil.example' }, 'host-not-allowed'],
    ['imds_endpoint', at(new URL(imdsUrl)), list, {}, undefined],
  ] as const) {
    const { status: answered } = await ask(to, 'GET', path, headers);
    note(ledger, surface, String(answered), refusal);
  }
  const line = await exchange({ path: join(machine.runtimeDirectory, 'credentials.sock') }, '');
  note(ledger, 'line_socket', line === '' ? 'none' : '200', undefined);
  // Asked for by monitors: not counted.
  for (const path of ['/livez', '/readyz', '/v1/callers']) await ask(agent, 'GET', path);
}

/** They are written beside everything else, in real time. */
function filesAreWritten({ files = [], serving, key_id: key }: StatusDocument): boolean {
  return files.every((file) => file.problem === undefined && file.key_id === (serving ? key : undefined));
}

function note(ledger: Ledger, surface: string, answered: string, refusal: string | undefined): void {
  const page = ledger.get(surface) ?? { answers: new Map(), refusals: new Map() };
  ledger.set(surface, page);
  page.answers.set(answered, (page.answers.get(answered) ?? 0) + 1);
  if (refusal !== undefined) page.refusals.set(refusal, (page.refusals.get(refusal) ?? 0) + 1);
}

function countsOf({ surfaces }: StatusDocument): Ledger {
  return new Map(
    surfaces.map(({ name, answers, refusals }) => [
      name,
      { answers: new Map(Object.entries(answers)), refusals: new Map(Object.entries(refusals)) },
    ]),
  );
}

/** All three at one moment: time stands still between steps. */
async function readAll(machine: SimulatedMachine) {
  const agent: Address = { path: join(machine.runtimeDirectory, 'agent.sock') };
  const document = parsed((await ask(agent, 'GET', '/v1/status')).body);
  const { world, written } = verbOn(machine);
  const exitCode = await status({ json: true }, world, () => NO_SHADOWS);
  expect([exitCode, written.stderr]).toEqual([0, '']);
  const url = new URL(machine.agent().metricsUrl ?? '');
  const overTcp = await ask({ host: url.hostname, port: Number(url.port) }, 'GET', url.pathname);
  const metrics = [(await ask(agent, 'GET', '/metrics')).body, overTcp.body].map(readSamples);
  return { document, verb: JSON.parse(written.stdout), metrics };
}

/** The bytes came one a letter. */
function parsed(body: string): StatusDocument {
  return JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
}

/** Without what only the metrics have, and without series that wait for their first event. */
function interesting(samples: ReadonlyMap<string, number>) {
  const counters = /^rolekeeper_(answers|denials|checks)_total/;
  return new Map(
    [...samples].filter(
      ([series, value]) =>
        /^(rolekeeper_|process_start)/.test(series) &&
        !series.startsWith('rolekeeper_imds_latency_seconds') &&
        !(value === 0 && counters.test(series)),
    ),
  );
}

/** What a document means in metrics, in words of this test's own. */
function samplesOf(document: StatusDocument): ReadonlyMap<string, number> {
  const { expiration, advertised_expiration: advertised, held_since: since, last_check: last } = document;
  const instants: readonly (readonly [string, string | undefined])[] = [
    ['rolekeeper_credentials_expiration_timestamp_seconds', expiration],
    ['rolekeeper_credentials_advertised_expiration_timestamp_seconds', advertised],
    ['rolekeeper_credentials_held_since_timestamp_seconds', since],
    ['rolekeeper_last_check_timestamp_seconds', last?.at],
    ['rolekeeper_last_success_timestamp_seconds', document.last_success],
    ['process_start_time_seconds', document.started],
  ];
  const bit = (holds: boolean) => (holds ? 1 : 0);
  const { role, account_id: account = '', files = [] } = document;
  const failing = files.filter(({ problem }) => problem).length;
  return new Map<string, number>([
    ...['absent', 'pending', 'fresh', 'advisory', 'mandatory', 'expired'].map(
      (phase) => [`rolekeeper_phase{phase="${phase}"}`, bit(document.phase === phase)] as const,
    ),
    ...['starting', 'ok', 'degraded'].map(
      (each) => [`rolekeeper_condition{condition="${each}"}`, bit(document.condition === each)] as const,
    ),
    ['rolekeeper_serving', bit(document.serving)],
    ['rolekeeper_generation', document.generation],
    ['rolekeeper_failed_checks', document.failed_checks],
    ['rolekeeper_callers', document.callers],
    [`rolekeeper_build_info{version="${document.version}"}`, 1],
    ['rolekeeper_files{state="ok"}', files.length - failing],
    ['rolekeeper_files{state="problem"}', failing],
    ...(role ? [[`rolekeeper_role_info{role="${role}",account_id="${account}"}`, 1] as const] : []),
    ...(last?.clock_skew_s === undefined
      ? []
      : [['rolekeeper_clock_skew_seconds', last.clock_skew_s] as const]),
    ...instants.flatMap(([name, at]) => (at === undefined ? [] : [[name, Date.parse(at) / 1000] as const])),
    ...Object.entries(document.checks).map(
      ([result, count]) => [`rolekeeper_checks_total{result="${result}"}`, count] as const,
    ),
    ...document.surfaces.flatMap(({ name, answers, refusals }) => [
      ...Object.entries(answers).map(
        ([code, count]) => [`rolekeeper_answers_total{surface="${name}",status="${code}"}`, count] as const,
      ),
      ...Object.entries(refusals).map(
        ([code, count]) => [`rolekeeper_denials_total{surface="${name}",reason="${code}"}`, count] as const,
      ),
    ]),
  ]);
}
