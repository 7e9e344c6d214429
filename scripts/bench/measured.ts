import { plain, type Row } from './row.ts';

export interface Pairs {
  readonly ours: readonly number[];
  readonly reference: readonly number[];
}

/** One measurement by turns, so that what else the machine does falls on both alike. The first turn of each does not count. */
export async function byTurns(
  rounds: number,
  ours: () => number | Promise<number>,
  reference: () => number | Promise<number>,
): Promise<Pairs> {
  const { ours: first, reference: second } = await inTurn(rounds, { ours, reference });
  return { ours: first ?? [], reference: second ?? [] };
}

/** A busy machine gets fewer rounds, so that the whole ends in time. */
const LONGEST_MS = 60_000;
const LEAST_ROUNDS = 3;

/** The same for any number of things. */
export async function inTurn<Name extends string>(
  rounds: number,
  actions: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const entries = Object.entries(actions) as [Name, () => number | Promise<number>][];
  const found = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<Name, number[]>;
  const began = performance.now();
  for (let round = -1; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && performance.now() - began > LONGEST_MS) break;
    for (const [name, act] of entries) {
      const value = await act();
      if (round >= 0) found[name].push(value);
    }
  }
  return found;
}

/** The ratio of the medians, and the quartiles of the ratios of each round. */
export function ratio({ ours, reference }: Pairs): Pick<Row, 'value' | 'spread'> {
  const each = ours.map((value, index) => value / (reference[index] ?? Number.NaN));
  return {
    value: median(ours) / median(reference),
    spread: [quantile(each, 0.25), quantile(each, 0.75)],
  };
}

/** `1.52 ms against 0.78 ms of cat FILE, 200 rounds` */
export function sides({ ours, reference }: Pairs, unit: string, against: string): string {
  return `${plain(median(ours))} ${unit} against ${plain(median(reference))} ${unit} of ${against}; ${ours.length} rounds`;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the two nearest. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [below = Number.NaN, above = below] = sorted.slice(Math.floor(at), Math.floor(at) + 2);
  return below + (above - below) * (at - Math.floor(at));
}
