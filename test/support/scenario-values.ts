/** Strict readers of what a scenario says. Each throws a sentence that names what is wrong. */
import { parseDuration } from '../../src/domain/duration.ts';

export type Members = Readonly<Record<string, unknown>>;

export function members(value: unknown, what: string, allowed: readonly string[]): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${what} must be an object, and is ${JSON.stringify(value)}`);
  }
  const unknown = Object.keys(value).find((name) => !allowed.includes(name));
  if (unknown === undefined) return { ...value };
  throw new Error(`${what} has no word ${JSON.stringify(unknown)}: there are ${allowed.join(', ')}`);
}

export function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`${what} must be a text, and is ${JSON.stringify(value)}`);
}

export function optionalText(value: unknown, what: string): string | undefined {
  return value === undefined ? undefined : text(value, what);
}

export function whole(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${what} must be a whole number, and is ${JSON.stringify(value)}`);
}

export function isTrue(value: unknown, what: string): true {
  if (value === true) return true;
  throw new Error(`${what} can only be true, and is ${JSON.stringify(value)}`);
}

export function oneOf<Choice extends string>(
  value: unknown,
  what: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new Error(`${what} must be one of ${choices.join(', ')}, and is ${JSON.stringify(value)}`);
}

/** Milliseconds of `90s`, `5m`, `6h`. */
export function duration(value: unknown, what: string): number {
  const milliseconds = typeof value === 'string' ? parseDuration(value) : undefined;
  if (milliseconds !== undefined) return milliseconds;
  throw new Error(`${what} must be a length of time such as 90s, 5m or 6h, and is ${JSON.stringify(value)}`);
}

/** A number that is exactly so, or within two bounds. */
export interface Amount {
  readonly text: string;
  holds(found: unknown): boolean;
}

/** `3`, or `"10 to 20"`. */
export function amount(value: unknown, what: string): Amount {
  const bounds = typeof value === 'string' ? /^(\d+) to (\d+)$/.exec(value) : undefined;
  const [least, most] =
    bounds === undefined ? [value, value] : [Number(bounds?.[1] ?? Number.NaN), Number(bounds?.[2])];
  if (typeof least !== 'number' || typeof most !== 'number' || !(least <= most)) {
    throw new Error(`${what} must be a number or like "10 to 20", and is ${JSON.stringify(value)}`);
  }
  return {
    text: String(value),
    holds: (found) => typeof found === 'number' && found >= least && found <= most,
  };
}
