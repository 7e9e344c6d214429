import { plain } from '../bench/row.ts';
import type { Sample } from './sample.ts';

const WIDTH = 860;
const PANEL = 110;
const LEFT = 70;
const GAP = 36;

/** Memory, descriptors and latencies over time, one below the other. Every axis begins at zero: nothing looks larger than it is. */
export function chart(samples: readonly Sample[], about: string): string {
  const panels: readonly (readonly [string, readonly ((sample: Sample) => number)[]])[] = [
    ['resident memory, MB', [({ megabytes }) => megabytes]],
    ['open descriptors', [({ descriptors }) => descriptors]],
    ['latency, ms: median and p99', [({ p50 }) => p50, ({ p99 }) => p99]],
  ];
  const height = 30 + panels.length * (PANEL + GAP) + 20;
  const minutes = samples.at(-1)?.minutes ?? 1;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="The agent over ${plain(minutes)} minutes of load">
<style>
  text { font: 12px system-ui, sans-serif; fill: #57606a; }
  .title { font-weight: 600; }
  polyline { fill: none; stroke: #2da44e; stroke-width: 1.5; } .second { stroke: #d4730a; }
  @media (prefers-color-scheme: dark) { text { fill: #9aa4ae; } }
</style>
${panels.map(([title, lines], index) => panel(samples, minutes, 30 + index * (PANEL + GAP), title, lines)).join('\n')}
<text x="${LEFT}" y="${height - 8}">${plain(minutes)} minutes; ${about.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>
</svg>
`;
}

function panel(
  samples: readonly Sample[],
  minutes: number,
  top: number,
  title: string,
  lines: readonly ((sample: Sample) => number)[],
): string {
  const most = Math.max(1, ...samples.flatMap((sample) => lines.map((line) => line(sample)))) * 1.1;
  const x = (at: number) => (LEFT + (at / minutes) * (WIDTH - LEFT - 20)).toFixed(1);
  const y = (value: number) => (top + PANEL - (value / most) * PANEL).toFixed(1);
  const drawn = lines.map((line, index) => {
    const points = samples.map((sample) => `${x(sample.minutes)},${y(line(sample))}`).join(' ');
    return `<polyline${index === 0 ? '' : ' class="second"'} points="${points}"/>`;
  });
  return [
    `<text class="title" x="${LEFT}" y="${top - 6}">${title}</text>`,
    `<text x="${LEFT - 8}" y="${top + 10}" text-anchor="end">${plain(most)}</text>`,
    `<text x="${LEFT - 8}" y="${top + PANEL}" text-anchor="end">0</text>`,
    `<line x1="${LEFT}" y1="${top + PANEL}" x2="${WIDTH - 20}" y2="${top + PANEL}" stroke="#8c959f"/>`,
    ...drawn,
  ].join('');
}
