export interface Measured {
  readonly unit: 'ms' | 'MB';
  readonly ours: readonly number[];
  readonly reference: readonly number[];
  /** What the reference is. */
  readonly against: string;
  /** The ratio that we want to stay under. */
  readonly aim: number;
}

/** One measurement by turns, so that what else the machine does falls on both alike. */
export async function byTurns(
  rounds: number,
  ours: () => number | Promise<number>,
  reference: () => number | Promise<number>,
): Promise<Pick<Measured, 'ours' | 'reference'>> {
  const found: { ours: number[]; reference: number[] } = { ours: [], reference: [] };
  await ours();
  await reference();
  for (let round = 0; round < rounds; round++) {
    found.ours.push(await ours());
    found.reference.push(await reference());
  }
  return found;
}

/** `name   ratio 1.23, aim 2 or less   ours 1.2 ms (1.1 to 1.4)   cat 1.0 ms (…)   40 rounds` */
export function render(name: string, { unit, ours, reference, against, aim }: Measured): string {
  const ratio = quantile(ours, 0.5) / quantile(reference, 0.5);
  return [
    name.padEnd(19),
    `ratio ${ratio.toFixed(2)}, aim ≤ ${aim}`.padEnd(23),
    `${spread(ours)} ${unit} against ${spread(reference)} ${unit} of ${against}`,
    `; median (quartiles) of ${ours.length}`,
  ].join('');
}

function spread(values: readonly number[]): string {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(values, part).toFixed(1));
  return `${middle} (${low} to ${high})`;
}

/** By linear interpolation between the two nearest. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [below = Number.NaN, above = below] = sorted.slice(Math.floor(at), Math.floor(at) + 2);
  return below + (above - below) * (at - Math.floor(at));
}
