import type { Random } from '../domain/ports.ts';

/** `length` characters of `alphabet`, each drawn on its own. For made-up values only. */
export function randomText(random: Random, alphabet: string, length: number): string {
  const character = () => alphabet.charAt(Math.floor(random() * alphabet.length));
  return Array.from({ length }, character).join('');
}
