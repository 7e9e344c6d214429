/** One thing broken at a time, on real processes: the doctor finds it, and raises no alarm about anything else. */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Finding, worstOf } from '../../src/cli/doctor/finding.ts';
import type { Machine } from '../../src/cli/doctor/machine.ts';
import { exitCodeOfFindings } from '../../src/cli/doctor.ts';
import { createHttpTransport } from '../../src/imds/http-transport.ts';
import { TransportError } from '../../src/imds/transport.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { rolekeeper, run } from '../support/child.ts';
import { agentFaults } from '../support/doctor-faults/agent-faults.ts';
import { imdsFaults } from '../support/doctor-faults/imds-faults.ts';
import { machineFaults } from '../support/doctor-faults/machine-faults.ts';
import { configuration, illMachine } from '../support/ill-machine.ts';

const inducedFaults = [...imdsFaults, ...agentFaults, ...machineFaults];
const table: string[] = [];

/** What makes the exit code something else than 0. */
function alarms(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === 'warning' || severity === 'problem');
}

/** As packet rules refuse who is not the agent: this process's requests to IMDS, and nobody else's. */
function refusing(endpoint: string): Machine['transportFor'] {
  return (origin, timeouts) => async (request) => {
    if (origin === endpoint) throw new TransportError('unreachable', `${origin}: ECONNREFUSED`);
    return createHttpTransport({ origin, ...timeouts, clock: systemClock, version: '0.0.0' })(request);
  };
}

afterAll(() => {
  // The table of what was broken and what was said: the result of this file, besides passing.
  const head = `${'WHAT WAS BROKEN'.padEnd(54)}WHAT THE DOCTOR SAYS`;
  process.stdout.write(`${['', head, ...table].join('\n')}\n`);
});

/** Several processes each, beside everything else that is tested at the same time. */
const PATIENT = { timeout: 120_000 };

describe('The cause is found:', PATIENT, () => {
  for (const { fault, says, also = [], isRealMachine, skipped, diagnose } of inducedFaults) {
    const why = skipped === undefined ? '' : ` (skipped: ${skipped})`;
    if (skipped !== undefined) table.push(`${fault.padEnd(54)}skipped: ${skipped}`);
    test.skipIf(skipped !== undefined)(`${fault}${why}`, async () => {
      const findings = await diagnose();
      const found = findings.find(({ id }) => id === says);
      expect(found, JSON.stringify(alarms(findings), undefined, 2)).toBeDefined();
      expect(found?.severity).not.toBe('ok');
      for (const each of findings) expect(each.evidence, each.id).not.toBe('');
      if (!isRealMachine) {
        const others = alarms(findings).filter(({ id }) => id !== says && !also.includes(id));
        expect(others).toEqual([]);
      }
      table.push(`${fault.padEnd(54)}${found?.severity.padEnd(9)}${says}`);
    });
  }

  const { diagnose, skipped } =
    machineFaults.find(({ fault }) => fault.startsWith('lockdown: in force')) ?? {};
  test.skipIf(skipped !== undefined || diagnose === undefined)(
    'behind a lockdown root asks IMDS as the user of the agent',
    async () => {
      const findings = (await diagnose?.()) ?? [];
      expect(findings.find(({ id }) => id === 'no-role')?.evidence).toMatch(/^asked as user daemon: PUT /);
      expect(findings.map(({ id }) => id)).toContain('lockdown-ok');
    },
  );

  test('of more than 25 faults', () => {
    expect(inducedFaults.length).toBeGreaterThan(40);
  });
});

describe('No false alarm', PATIENT, () => {
  test('on a healthy instance, with every surface on', async () => {
    await using machine = await illMachine({
      config: (place) =>
        configuration(
          place,
          `
[imds_endpoint]
enabled = true
listen = "127.0.0.1:${place.ports.imds}"

[line_socket]
enabled = true
group = ""

[[files]]
format = "shared-credentials"
path = "${join(place.directory, 'credentials')}"
profile = "default"
`,
        ),
    });
    const findings = await machine.examine();
    expect(alarms(findings)).toEqual([]);
    expect(exitCodeOfFindings(findings)).toBe(0);
    expect(findings.filter(({ id }) => id === 'surface-ok')).toHaveLength(4);
    const others = findings.filter(({ severity }) => severity !== 'ok').map(({ id }) => id);
    expect(others).toEqual(['lockdown-unknown']);
  });

  test('where a lockdown keeps everybody but the agent from IMDS', async () => {
    await using machine = await illMachine({
      config: (place) => configuration(place, `\n[network]\nagent_user = "${process.geteuid?.()}"\n`),
    });
    const findings = await machine.examine({
      nft: { ours: async () => 'rules', normalised: async () => 'rules' },
      transportFor: refusing(machine.endpoint),
    });
    expect(alarms(findings)).toEqual([]);
    expect(findings.map(({ id }) => id)).toEqual(expect.arrayContaining(['imds-agent-only', 'lockdown-ok']));
  });

  test('about programs that a wrapper gave a set that ends by itself', async () => {
    await using machine = await illMachine();
    machine.program([process.execPath, '-e', 'setInterval(() => {}, 1e6)'], {
      env: {
        AWS_ACCESS_KEY_ID: 'ASIAIOSFODNN7EXAMPLE',
        AWS_CREDENTIAL_EXPIRATION: '2026-11-23T14:12:31Z',
      },
    });
    expect(alarms(await machine.examine())).toEqual([]);
  });
});

describe('The command', PATIENT, () => {
  test('ends with 11 where no agent runs, and asks IMDS itself', async () => {
    await using machine = await illMachine({ agent: false });
    const env = { ROLEKEEPER_IMDS_ENDPOINT: machine.endpoint };
    const flags = ['--config', machine.configPath, '--runtime-dir', machine.runtime];
    const json = await run([...rolekeeper, 'doctor', '--json', ...flags], { env });
    expect(json.stderr).toBe('');
    expect(json.code).toBe(11);
    const { worst, findings } = JSON.parse(json.stdout);
    expect(worst).toBe('problem');
    const ids = findings.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining(['agent-not-running', 'imds-ok', 'clock-ok', 'life-ok']));
    const text = await run([...rolekeeper, 'doctor', ...flags], { env });
    expect(text.code).toBe(11);
    expect(text.stdout).toContain('[agent-not-running]');
    expect(Math.max(...text.stdout.split('\n').map((line) => [...line].length))).toBeLessThanOrEqual(80);
    expect(text.stdout).not.toContain('\u001b');
  });

  test('prints nothing that is secret', async () => {
    await using machine = await illMachine();
    const findings = await machine.examine();
    const served = JSON.parse((await machine.agent().ask('/v1/credentials')).body);
    const text = JSON.stringify(findings);
    expect(text).not.toContain(served.AccessKeyId);
    expect(text).not.toContain(served.SecretAccessKey);
    expect(text).not.toContain(served.Token);
  });
});

test('The exit code is the worst finding’s', () => {
  const of = (severity: Finding['severity']) =>
    ({ id: 'imds-ok', severity, finding: 'x', evidence: 'y' }) satisfies Finding;
  expect(worstOf([])).toBe('ok');
  expect(worstOf([of('ok'), of('problem'), of('warning')])).toBe('problem');
  expect(exitCodeOfFindings([of('ok'), of('note'), of('unknown')])).toBe(0);
  expect(exitCodeOfFindings([of('note'), of('warning')])).toBe(10);
  expect(exitCodeOfFindings([of('problem'), of('warning')])).toBe(11);
});
