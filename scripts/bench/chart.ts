import { partOfAim, type Row, shownAim, shownValue, verdictOf } from './row.ts';

const WIDTH = 940;
const LABELS = 380;
const BARS = 300;
const LINE = 22;
const TOP = 54;
/** What is further from its aim ends at the edge. */
const LONGEST = 2;

/**
 * One bar for each figure with an aim: its length is the part of the aim that it takes, so that every bar that ends before
 * the line is a figure that is reached. Without colours of a theme, so that it can be read on a light and on a dark page.
 */
export function chart(rows: readonly Row[], about: string): string {
  const shown = rows.filter((row) => partOfAim(row) !== undefined);
  const height = TOP + shown.length * LINE + 34;
  const aimAt = LABELS + BARS / LONGEST;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Each benchmark as a part of its aim">
<style>
  text { font: 12px system-ui, sans-serif; fill: #57606a; }
  .title { font-weight: 600; font-size: 14px; }
  .reached { fill: #2da44e; } .missed { fill: #d4730a; }
  @media (prefers-color-scheme: dark) { text { fill: #9aa4ae; } }
</style>
<text class="title" x="8" y="20">Each figure as a part of its aim: shorter is better</text>
<text x="${aimAt}" y="${TOP - 10}" text-anchor="middle">aim</text>
${shown.map(bar).join('\n')}
<line x1="${aimAt}" y1="${TOP - 4}" x2="${aimAt}" y2="${TOP + shown.length * LINE}" stroke="#8c959f" stroke-dasharray="3 3"/>
<text x="8" y="${height - 10}">${escaped(about)}</text>
</svg>
`;
}

function bar(row: Row, index: number): string {
  const y = TOP + index * LINE;
  const part = Math.min(LONGEST, Math.max(0, partOfAim(row) ?? 0));
  const width = Math.max(2, (part * BARS) / LONGEST);
  const { spread: _, ...value } = row;
  const text = `${shownValue(value)} (aim ${shownAim(row.aim, row.unit)})`;
  return [
    `<text x="${LABELS - 8}" y="${y + 13}" text-anchor="end">${escaped(row.figure)}</text>`,
    `<rect class="${verdictOf(row)}" x="${LABELS}" y="${y + 3}" width="${width.toFixed(1)}" height="${LINE - 8}" rx="2"/>`,
    `<text x="${LABELS + BARS + 10}" y="${y + 13}">${escaped(text)}</text>`,
  ].join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
