import type { Surface } from './surfaces.ts';

/** What became of one client by one surface at one moment. */
export interface Result {
  readonly client: string;
  /** A column of the table, or in words what else was tried. */
  readonly surface: string;
  readonly moment: string;
  /** `pass`, or `FAIL: …` or `skip: …` with the reason. */
  readonly outcome: string;
}

export function outcomeOf(problem: string | undefined): string {
  return problem === undefined ? 'pass' : `FAIL: ${problem}`;
}

/** Clients down, surfaces across; a dash where the client knows no such surface; then what did not pass, and why. */
export function table(results: readonly Result[], columns: readonly Surface[]): string {
  const clients = [...new Set(results.map(({ client }) => client))];
  const isColumn = (surface: string) => (columns as readonly string[]).includes(surface);
  const shown = clients.filter((client) =>
    results.some((each) => each.client === client && isColumn(each.surface)),
  );
  const rows = [
    ['', ...columns],
    ...shown.map((client) => [
      client,
      ...columns.map((column) =>
        cell(results.filter((each) => each.client === client && each.surface === column)),
      ),
    ]),
  ];
  const widths = ['', ...columns].map((_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? '').length)),
  );
  const lines = rows.map((row) => row.map((text, index) => text.padEnd((widths[index] ?? 0) + 2)).join(''));
  const others = results.filter(({ surface }) => !isColumn(surface));
  return [
    ...lines,
    ...(others.length > 0 ? ['', 'Besides:'] : []),
    ...others.map(
      ({ client, surface, moment, outcome }) => `${outcome.slice(0, 4)}  ${client}: ${surface}, ${moment}`,
    ),
    ...reasons(results),
    '',
  ]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function cell(results: readonly Result[]): string {
  if (results.length === 0) return '–';
  const words = results.map(({ outcome }) => outcome.slice(0, 4));
  return words.includes('FAIL') ? 'FAIL' : words.includes('skip') ? 'skip' : 'pass';
}

/** The same reason for many is told once. */
function reasons(results: readonly Result[]): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { client, surface, moment, outcome } of results) {
    if (outcome === 'pass') continue;
    byReason.set(outcome, [...(byReason.get(outcome) ?? []), `${client}, ${surface}, ${moment}`]);
  }
  if (byReason.size === 0) return [];
  return ['', ...[...byReason].map(([outcome, who]) => `${outcome}\n    ${who.join('\n    ')}`)];
}

/** `12 passed, 0 failed, 3 skipped` */
export function tally(results: readonly Result[]): string {
  const count = (word: string) => results.filter(({ outcome }) => outcome.startsWith(word)).length;
  return `${count('pass')} passed, ${count('FAIL')} failed, ${count('skip')} skipped`;
}
