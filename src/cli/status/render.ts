import { styleText } from 'node:util';
import type { SurfaceStatus } from '../../delivery/status-document.ts';
import type { EpochMs } from '../../domain/ports.ts';
import type { Shadowing } from '../shadowing.ts';
import { BAR_LETTERS, lifeBar } from './life-bar.ts';
import { type StatusReport, shown } from './report.ts';
import { counted, folded, longTime } from './words.ts';

/** Of the terminal that everybody has. Only what has no place to break, as a path, is wider. */
const COLUMNS = 80;
const LABEL = 10;
const BODY = COLUMNS - LABEL;
const BAR = BODY - 2;
/** More than this off, and AWS soon refuses signatures. */
const SKEW_WORTH_TELLING_S = 60;

type Colour = 'green' | 'yellow' | 'red';
type Paint = (colour: Colour, text: string) => string;

export const plain: Paint = (_, text) => text;
export const coloured: Paint = (colour, text) => styleText(colour, text, { validateStream: false });

/** The report as lines for people, without line ends. */
export function statusLines(report: StatusReport, now: EpochMs, paint: Paint = plain): readonly string[] {
  const { version, pid, started } = report;
  const up = longTime(now - Date.parse(started));
  return [
    `rolekeeper ${version}, pid ${pid}, up ${up}`,
    '',
    ...stateLines(report, paint),
    ...lifeLines(report, now),
    ...checkLines(report, now, paint),
    '',
    ...surfaceLines(report),
    ...fileLines(report, paint),
    ...shadowLines(report.shadowed_by, paint),
  ];
}

function labelled(label: string, text: string): string[] {
  return folded(shown(text), BODY).map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL)}${line}`);
}

function stateLines(report: StatusReport, paint: Paint): string[] {
  const { phase, serving, generation, role, account_id: account, key_id: key } = report;
  const well = serving && phase !== 'expired' && phase !== 'mandatory';
  const colour = well ? 'green' : serving ? 'yellow' : 'red';
  const whose = role === undefined ? '' : ` ${role}${account === undefined ? '' : ` (account ${account})`}`;
  const verb = serving ? 'serving' : role === undefined ? 'nothing to serve' : 'NOT serving';
  const [first = '', ...rest] = labelled(
    'state',
    `${phase}, ${verb}${whose}${key === undefined ? '' : `, key ${key}`}, generation ${generation}`,
  );
  return [paint(colour, first), ...rest];
}

function lifeLines(report: StatusReport, now: EpochMs): string[] {
  const { expiration, advertised_expiration: advertised = expiration, held_since: since } = report;
  if (expiration === undefined || advertised === undefined) return [];
  const life = {
    since: Date.parse(since ?? report.started),
    expiration: Date.parse(expiration),
    advertised: Date.parse(advertised),
  };
  const left = life.expiration - now;
  const ends = left > 0 ? `in ${longTime(left)}` : `${longTime(-left)} ago`;
  const isExtended = advertised !== expiration;
  const { passed, advisory, mandatory, extended } = BAR_LETTERS;
  const legend = `${passed} passed  ${advisory} last 20 minutes  ${mandatory} last 5${isExtended ? `  ${extended} extended` : ''}`;
  return [
    ...labelled('expires', `${expiration}, ${ends}`),
    ...(isExtended ? labelled('told', `${advertised}: static stability, consumers see this one`) : []),
    `${'life'.padEnd(LABEL)}[${lifeBar(life, now, BAR)}]`,
    `${''.padEnd(LABEL)}${legend}`,
  ];
}

function checkLines(report: StatusReport, now: EpochMs, paint: Paint): string[] {
  const {
    last_check: last,
    next_check_in_s: next,
    condition,
    reason,
    message,
    failed_checks: failed,
  } = report;
  const total = Object.values(report.checks).reduce((sum, count) => sum + count, 0);
  const words = [
    last === undefined
      ? 'not checked yet'
      : `checked ${longTime(now - Date.parse(last.at))} ago in ${last.latency_ms} ms`,
    next === undefined ? 'checking now' : `next in ${longTime(next * 1000)}`,
    `${counted(total, 'check')}, ${total - (report.checks.ok ?? 0)} failed`,
  ];
  const trouble = reason === undefined ? '' : ` (${reason}, ${failed} in a row)`;
  const [first = '', ...rest] = labelled('IMDS', `${condition}${trouble}: ${words.join(', ')}`);
  return [
    condition === 'degraded' ? paint('yellow', first) : first,
    ...rest,
    ...(message === undefined ? [] : labelled('', message)),
    ...skewLines(last?.clock_skew_s, paint),
  ];
}

function skewLines(skew: number | undefined, paint: Paint): string[] {
  if (skew === undefined) return [];
  const side = skew > 0 ? 'behind' : 'ahead of';
  if (Math.abs(skew) <= SKEW_WORTH_TELLING_S) return labelled('clock', `agrees with IMDS (${skew} s)`);
  const text = `${Math.abs(skew)} s ${side} IMDS: AWS refuses signatures from 5 minutes on; check chrony or NTP`;
  const [first = '', ...rest] = labelled('clock', text);
  return [paint('red', first), ...rest];
}

/** The address is last and has a line of its own where it would be too long. */
function surfaceLines({ surfaces, callers, metrics_url: metrics }: StatusReport): string[] {
  const rows = surfaces.flatMap((surface) => {
    const counts = `${surface.name.padEnd(20)}${String(answeredBy(surface)).padStart(8)} answered${detail(surface)}`;
    return [`${''.padEnd(LABEL)}${counts}`, `${''.padEnd(LABEL + 2)}${shown(surface.address)}`];
  });
  return [
    ...labelled('surfaces', `${counted(callers, 'caller')} in the last hour (rolekeeper callers)`),
    ...rows,
    ...(metrics === undefined ? [] : labelled('metrics', metrics)),
  ];
}

function answeredBy({ answers }: SurfaceStatus): number {
  return answers['200'] ?? 0;
}

function detail({ answers, refusals }: SurfaceStatus): string {
  const denied = Object.values(refusals).reduce((sum, count) => sum + count, 0);
  const all = Object.values(answers).reduce((sum, count) => sum + count, 0);
  const other = all - (answers['200'] ?? 0) - denied;
  return `, ${denied} denied${other > 0 ? `, ${other} other` : ''}`;
}

function fileLines({ files = [] }: StatusReport, paint: Paint): string[] {
  return files.flatMap(({ path, format, key_id: key, problem }, index) => {
    const held = problem ?? (key === undefined ? 'nothing written' : `key ${key}`);
    const lines = labelled(index === 0 ? 'files' : '', `${path}: ${format}, ${held}`);
    return problem === undefined ? lines : lines.map((line) => paint('red', line));
  });
}

function shadowLines({ profiles, processes, unreadable }: Shadowing, paint: Paint): string[] {
  const profileTexts = profiles.map(({ user, file }) => `${user}: [default] in ${file} has keys of its own`);
  const lasting = [...profileTexts, ...processes.filter(({ expiring }) => !expiring).map(processText)];
  const passing = processes.filter(({ expiring }) => expiring).map(processText);
  const hidden = [
    ...(unreadable.processes > 0 ? [counted(unreadable.processes, 'environment')] : []),
    ...(unreadable.users.length > 0 ? [`the files of ${unreadable.users.join(', ')}`] : []),
  ];
  const looked = hidden.length === 0 ? '' : `; not for this user to read: ${hidden.join(', ')}`;
  if (lasting.length + passing.length === 0)
    return labelled('shadowed', `by nothing that was found${looked}`);
  const next = [
    ...(lasting.length > 0
      ? ["These programs use other credentials than rolekeeper's: take the keys away"]
      : []),
    ...(passing.length > 0
      ? ['Sets that came with an expiration, as from rolekeeper exec, end by themselves']
      : []),
  ].join('. ');
  const [first = '', ...rest] = [
    ...lasting.flatMap((text) => labelled('', text).map((line) => paint('yellow', line))),
    ...passing.flatMap((text) => labelled('', text)),
    ...labelled('', `${next}${looked}`),
  ];
  return [first.replace(' '.repeat(LABEL), 'shadowed'.padEnd(LABEL)), ...rest];
}

function processText(found: Shadowing['processes'][number]): string {
  const { user, program = 'a program', variables, pids, count } = found;
  const more = count > pids.length ? ` and ${count - pids.length} more` : '';
  return `${user}: ${program} (pid ${pids.join(', ')}${more}) was started with ${variables.join(', ')}`;
}
