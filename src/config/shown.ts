const LONGEST_SHOWN = 60;

/** Someone may write credentials into the file by mistake: an error about that must not spread them. */
const secretName = /secret|token|password|credential|access_?key/i;

/** What secrets of AWS look like, or are called when they are passed as an argument. */
const secretText = /secret_|secret.?access|password|access_?key|\bA[KS]IA[A-Z0-9]{8}|\b(?:IQoJ|FwoG|FQoG)\w/i;

/**
 * Text from outside, fit for one line of an error: at most 60 characters, nothing that moves a terminal's cursor or
 * turns the writing direction, no password of a URL.
 */
export function shown(text: string, longest = Number.POSITIVE_INFINITY): string {
  const withoutPassword = text.slice(0, 4096).replace(/:\/\/[^/\s]*@/g, '://[not shown]@');
  const characters = Array.from(withoutPassword);
  const cut = characters.length > longest || text.length > 4096;
  const kept = cut ? `${characters.slice(0, longest - 1).join('')}…` : withoutPassword;
  return kept.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`,
  );
}

/** A value as it was written, for an error about `key`. */
export function shownValue(key: string, written: string): string {
  return secretName.test(key) || secretName.test(written) ? '[not shown]' : shown(written, LONGEST_SHOWN);
}

/** As `shownValue`, of a setting that exists: its name is no secret's, and a path may well have such a word in it. */
export function shownSetting(written: string): string {
  return secretText.test(written) ? '[not shown]' : shown(written, LONGEST_SHOWN);
}

/** A key in TOML's notation; parts that need quotes get them. */
export function shownKey(path: readonly string[]): string {
  return path
    .map((part) => (/^[\w-]{1,60}$/.test(part) ? part : `"${shown(part, LONGEST_SHOWN)}"`))
    .join('.');
}
