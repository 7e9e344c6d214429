import { InputError } from './input-error.ts';

/**
 * An object with no other members than the allowed ones.
 * @throws InputError naming what is allowed
 */
export function readObject(
  value: unknown,
  what: string,
  allowed: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(
      `${what} must be a JSON object with members of ${allowed.join(', ')}: it is ${shown(value)}`,
    );
  }
  for (const name of Object.keys(value)) {
    if (!allowed.includes(name)) {
      throw new InputError(`${what} has no member ${shown(name)}: allowed are ${allowed.join(', ')}`);
    }
  }
  return { ...value };
}

/** A value as it is quoted in a message: JSON, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
