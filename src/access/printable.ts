const LONGEST = 120;

/**
 * What somebody else made up, as a user agent: at most 120 characters, and nothing in it moves a terminal's cursor or turns
 * the writing direction.
 */
export function printable(text: string): string {
  const cut = Array.from(text.slice(0, (LONGEST + 1) * 2));
  const kept = cut.length > LONGEST ? [...cut.slice(0, LONGEST - 1), '…'] : cut;
  return kept.join('').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?');
}
