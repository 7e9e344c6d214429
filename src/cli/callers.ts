import type { CallerRow } from '../access/callers-document.ts';
import { AgentError, askAgent } from '../client/agent-client.ts';
import { parseRefusal } from '../client/refusal.ts';
import { type AgentSocketOptions, agentSocketPath } from './agent-socket-options.ts';
import type { CommandWorld } from './command-world.ts';
import { EXIT, type ExitCode, exitCodeOf, exitCodeOfRefusal } from './exit-codes.ts';

const DEADLINE_MS = 2_000;

export interface CallersOptions extends AgentSocketOptions {
  readonly json?: boolean;
}

/** `rolekeeper callers`: who has asked the agent in the last hour, IMDSv1-shaped readers first. */
export async function callers(options: CallersOptions, world: CommandWorld): Promise<ExitCode> {
  const { clock, stdout, stderr } = world;
  const socketPath = await agentSocketPath(options, world);
  if (socketPath === undefined) return EXIT.usage;
  try {
    const path = '/v1/callers';
    const { status, body } = await askAgent({ socketPath, path, deadlineMs: DEADLINE_MS, clock });
    if (status === 200) {
      stdout.write(options.json ? body : table(rowsOf(body)));
      return EXIT.ok;
    }
    const { code, message } = parseRefusal(status, body);
    stderr.write(`rolekeeper: ${message}\n`);
    return exitCodeOfRefusal(code);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    stderr.write(`rolekeeper: ${error.message}\n`);
    return exitCodeOf(error);
  }
}

const HEADER = [
  'USER',
  'SURFACE',
  'REQUESTS',
  'DENIED',
  'IMDSV1',
  'LAST',
  'SEEN',
  'UNIT',
  'EXE',
  'USER AGENT',
];

function table(rows: readonly CallerRow[]): string {
  if (rows.length === 0) return 'Nobody has asked in the last hour.\n';
  const lines = [HEADER, ...rows.map(cells)];
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => `${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

function cells(row: CallerRow): string[] {
  const everybody = row.others && row.uid === undefined;
  return [
    everybody ? '(others)' : (row.user ?? String(row.uid ?? '?')),
    row.surface ?? '(several)',
    String(row.requests),
    String(row.denied),
    String(row.tokenless),
    row.last_verdict,
    row.last_seen,
    row.unit ?? '-',
    row.exe ?? '-',
    row.user_agent ?? '-',
  ];
}

/** The document is the agent's own, which is of the same version; what another program says is no table. */
function rowsOf(body: string): readonly CallerRow[] {
  try {
    const { callers: rows } = JSON.parse(body);
    return Array.isArray(rows) ? rows : [];
  } catch {
    return [];
  }
}
