import type { AgentOptions } from './agent-settings.ts';
import type { CommandWorld } from './command-world.ts';
import { judge } from './doctor/checks.ts';
import { examine } from './doctor/examination.ts';
import { type Finding, type Severity, worstOf } from './doctor/finding.ts';
import { type Machine, thisMachine } from './doctor/machine.ts';
import { doctorDocument, reportText } from './doctor/report.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

export interface DoctorOptions {
  readonly json?: boolean;
}

const COLUMNS = 80;

/** `rolekeeper doctor`: looks at everything that can be wrong, says what is, and what to do about it. */
export async function doctor(options: AgentOptions & DoctorOptions, world: CommandWorld): Promise<ExitCode> {
  const { json, ...agentOptions } = options;
  const findings = await diagnose(agentOptions as AgentOptions, thisMachine(world));
  const { stdout, env, version } = world;
  if (json) stdout.write(`${JSON.stringify(doctorDocument(findings, version), undefined, 2)}\n`);
  else
    stdout.write(reportText(findings, { columns: columnsOf(stdout), isColoured: isColoured(stdout, env) }));
  return exitCodeOfFindings(findings);
}

/** Every finding, in the order of the checks. Reads, and changes nothing. */
export async function diagnose(options: AgentOptions, machine: Machine): Promise<readonly Finding[]> {
  return judge(await examine(options, machine));
}

/** The worst decides. What is only worth knowing, or could not be looked at, is no reason to fail. */
export function exitCodeOfFindings(findings: readonly Finding[]): ExitCode {
  const codes: Record<Severity, ExitCode> = {
    ok: EXIT.ok,
    note: EXIT.ok,
    unknown: EXIT.ok,
    warning: EXIT.warned,
    problem: EXIT.unwell,
  };
  return codes[worstOf(findings)];
}

/** A terminal's own width, and no more than can be read; 80 in a pipe. */
function columnsOf(stream: NodeJS.WritableStream): number {
  const { isTTY, columns = COLUMNS } = stream as Partial<NodeJS.WriteStream>;
  return isTTY === true ? Math.min(Math.max(columns, 40), 100) : COLUMNS;
}

/** https://no-color.org: set to anything but nothing. */
function isColoured(stream: NodeJS.WritableStream, { NO_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  const { isTTY } = stream as Partial<NodeJS.WriteStream>;
  return isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}
