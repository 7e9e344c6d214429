import { type Row, shownAim, shownValue, verdictOf } from './row.ts';

const COLUMNS = ['figure', 'aim', 'measured', 'verdict', ''] as const;

/** For people at a terminal: columns as wide as they need to be, what stands behind a figure last. */
export function textTable(rows: readonly Row[]): string {
  const lines = [COLUMNS, ...rows.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, column) => cell.padEnd(column === 4 ? 0 : (widths[column] ?? 0))).join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** The same for a page. */
export function markdownTable(rows: readonly Row[]): string {
  const line = (values: readonly string[]) => `| ${values.join(' | ')} |\n`;
  return [line(COLUMNS), line(COLUMNS.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('');
}

function cells(row: Row): readonly string[] {
  return [row.figure, shownAim(row.aim, row.unit), shownValue(row), verdictOf(row), row.detail];
}
