/** One line of the table: a figure, what it should be, and what it is. */
export interface Row {
  readonly figure: string;
  readonly unit: Unit;
  readonly aim?: Aim | undefined;
  /** Undefined where it could not be measured: `detail` says why. */
  readonly value: number | undefined;
  /** Lower and upper quartile. */
  readonly spread?: readonly [number, number] | undefined;
  /** What stands behind the value: the medians of both sides, how many rounds. */
  readonly detail: string;
}

/** `×` is a ratio to a reference of the same run. */
export type Unit = '×' | 'ms' | '%' | 'KiB' | 'requests';

export type Aim = { readonly most: number } | { readonly least: number };

export type Verdict = 'reached' | 'missed' | 'not measured' | 'for comparison';

export function verdictOf({ aim, value }: Pick<Row, 'aim' | 'value'>): Verdict {
  if (value === undefined) return 'not measured';
  if (aim === undefined) return 'for comparison';
  const isReached = 'most' in aim ? value <= aim.most : value >= aim.least;
  return isReached ? 'reached' : 'missed';
}

/**
 * How far from its aim: 1 is just there, below 1 is better. So that all figures fit one axis, whichever way is better.
 */
export function partOfAim({ aim, value }: Pick<Row, 'aim' | 'value'>): number | undefined {
  if (aim === undefined || value === undefined) return undefined;
  return 'most' in aim ? value / aim.most : aim.least / value;
}

export function shownAim(aim: Aim | undefined, unit: Unit): string {
  if (aim === undefined) return '';
  return 'most' in aim ? `≤ ${shown(aim.most, unit)}` : `≥ ${shown(aim.least, unit)}`;
}

export function shownValue({ value, spread, unit }: Pick<Row, 'value' | 'spread' | 'unit'>): string {
  if (value === undefined) return '–';
  const quartiles = spread === undefined ? '' : ` (${spread.map((each) => plain(each)).join(' to ')})`;
  return `${shown(value, unit)}${quartiles}`;
}

function shown(value: number, unit: Unit): string {
  return unit === '×' ? `${plain(value)} ×` : `${plain(value)} ${unit}`;
}

/** Three digits say enough, and no measurement here holds more. */
export function plain(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
