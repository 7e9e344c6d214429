/** What is drawn of one panel, in the units of Grafana's grid: 24 columns. */
export interface DrawnPanel {
  readonly title: string;
  readonly unit: string;
  readonly place: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  /** One value each in big letters, or lines over time. */
  readonly stats?: readonly { readonly name: string; readonly value: number; readonly colour: string }[];
  readonly lines?: readonly Line[];
}

export interface Line {
  readonly name: string;
  /** Seconds since 1970, rising, and what there is at that time. */
  readonly points: readonly (readonly [at: number, value: number])[];
}

export interface Span {
  readonly begins: number;
  readonly ends: number;
}

const COLUMN = 46;
const ROW = 26;
const GAP = 8;
const TITLE = 24;
const LEGEND = 20;
const AXIS = 46;
const TIMES = 20;
const HOURS_SHOWN = [0, 4, 8, 12, 16, 20, 24];
const MOST_NAMES = 6;
const COLOURS = ['#73bf69', '#f2cc0c', '#5794f2', '#ff780a', '#f2495c', '#b877d9', '#8ab8ff', '#ffa6b0'];
const NAMED: Readonly<Record<string, string>> = { green: '#37872d', yellow: '#c69026', red: '#c4162a' };

/** The panels as a picture, dark as most have it. */
export function dashboardSvg(title: string, panels: readonly DrawnPanel[], span: Span): string {
  const rows = Math.max(...panels.map(({ place }) => place.y + place.h));
  const [width, height] = [24 * COLUMN + GAP, rows * ROW + GAP + TITLE];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#111217"/>
<g font-family="Inter,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif" font-size="11" fill="#ccccdc">
<text x="${GAP}" y="17" font-size="13">${escaped(title)}</text>
${panels.map((panel) => panelOf(panel, span)).join('\n')}
</g>
</svg>
`;
}

function panelOf({ title, unit, place, stats, lines }: DrawnPanel, span: Span): string {
  const box = {
    x: place.x * COLUMN + GAP,
    y: place.y * ROW + GAP + TITLE,
    width: place.w * COLUMN - GAP,
    height: place.h * ROW - GAP,
  };
  const inside = stats === undefined ? linesOf(lines ?? [], box, span, unit) : statsOf(stats, box, unit);
  return `<g transform="translate(${box.x} ${box.y})"><rect width="${box.width}" height="${box.height}" rx="3" fill="#181b1f"/>${inside}<text x="8" y="16" font-weight="600">${escaped(title)}</text></g>`;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function statsOf(stats: NonNullable<DrawnPanel['stats']>, { width, height }: Size, unit: string): string {
  const each = (width - 8) / stats.length;
  return stats
    .map(({ name, value, colour }, index) => {
      const x = 4 + index * each;
      const middle = x + each / 2 - 2;
      return `<rect x="${x}" y="${TITLE}" width="${each - 4}" height="${height - TITLE - 4}" rx="2" fill="${NAMED[colour] ?? colour}"/><text x="${middle}" y="${height - 32}" font-size="24" fill="#fff" text-anchor="middle">${escaped(valueText(value, unit))}</text><text x="${middle}" y="${height - 12}" fill="#fff" text-anchor="middle">${escaped(name)}</text>`;
    })
    .join('');
}

function linesOf(
  lines: readonly Line[],
  { width, height }: Size,
  { begins, ends }: Span,
  unit: string,
): string {
  const plot = { left: AXIS, top: TITLE + 4, right: width - 10, bottom: height - LEGEND - TIMES };
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const top = niceTop(Math.max(0, ...values), unit);
  const bottom = Math.min(0, ...values);
  const x = (at: number) =>
    Math.round(plot.left + ((at - begins) / (ends - begins)) * (plot.right - plot.left));
  const y = (value: number) =>
    Math.round(plot.bottom - ((value - bottom) / (top - bottom)) * (plot.bottom - plot.top));
  const marks = [0, 0.5, 1].map((part) => {
    const value = top * part;
    return `<path d="M${plot.left} ${y(value)}H${plot.right}" stroke="#2c3235"/><text x="${plot.left - 5}" y="${y(value) + 4}" text-anchor="end" fill="#8e8e99">${escaped(valueText(value, unit))}</text>`;
  });
  const hours = HOURS_SHOWN.map((hour) => begins + hour * 3_600).filter((at) => at < ends);
  const times = hours.map((at) => {
    const text = new Date(at * 1_000).toISOString().slice(11, 16);
    return `<text x="${x(at)}" y="${plot.bottom + 14}" text-anchor="middle" fill="#8e8e99">${text}</text>`;
  });
  const shown = lines.map((line, index) => ({ ...line, colour: COLOURS[index % COLOURS.length] ?? '#fff' }));
  const paths = shown.map(
    ({ points, colour }) =>
      `<path d="${pathOf(points.map(([at, value]) => [x(at), y(value)]))}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
  );
  let at = 8;
  const names = shown.slice(0, MOST_NAMES).map(({ name, colour }) => {
    const text = `<rect x="${at}" y="${height - 13}" width="10" height="3" fill="${colour}"/><text x="${at + 14}" y="${height - 8}">${escaped(name)}</text>`;
    at += 26 + name.length * 6;
    return text;
  });
  return [...marks, ...times, ...paths, ...names].join('');
}

function pathOf(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
}

/** The end of an axis that people would choose. */
function niceTop(most: number, unit: string): number {
  if (most <= 0) return 1;
  if (unit === 's' && most > 3_600) return Math.ceil(most / 7_200) * 7_200;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((each) => each * power >= most) ?? 10) * power;
}

function valueText(value: number, unit: string): string {
  const rounded = Number(value.toPrecision(3));
  if (unit === 's') {
    if (Math.abs(value) >= 3_600) return `${Number((value / 3_600).toPrecision(2))} h`;
    if (Math.abs(value) >= 60) return `${Math.round(value / 60)} min`;
    return Math.abs(value) > 0 && Math.abs(value) < 1 ? `${Math.round(value * 1_000)} ms` : `${rounded} s`;
  }
  if (unit === 'reqps') return `${rounded}/s`;
  return unit === 'cpm' ? `${rounded}/min` : String(rounded);
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
