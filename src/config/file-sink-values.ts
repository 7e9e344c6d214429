import { posix } from 'node:path';
import { type Parsed, quoted, textList, type ValueType } from './value-types.ts';

/** PATH_MAX less the NUL (limits.h). */
const LONGEST_PATH = 4095;
/** NAME_MAX less what a temporary neighbour's name has more. */
const LONGEST_NAME = 220;

/** Where a file is written. Names the same file in one way only, so that two of them can be compared. */
export const filePath: ValueType<string> = {
  fileKind: 'string',
  rule: 'must be the absolute path of a file',
  parse(text) {
    if (!text.startsWith('/')) return refused(filePath.rule, 'Write a path that begins with /.');
    if (/\p{Cc}/u.test(text)) return refused(filePath.rule, 'Remove the control character from it.');
    if (/\/\.{0,2}$/.test(text)) {
      return refused('must name a file, not a directory', 'Add the name of the file, such as /credentials.');
    }
    if (text.split('/').includes('..')) return refused('must not contain ..', 'Write the path without it.');
    const path = posix.normalize(text).replace(/^\/+/, '/');
    const isTooLong =
      Buffer.byteLength(path) > LONGEST_PATH || Buffer.byteLength(posix.basename(path)) > LONGEST_NAME;
    if (!isTooLong) return { ok: true, value: path };
    return refused(
      `must be the path of a file, at most ${LONGEST_PATH} bytes long and its last part ${LONGEST_NAME}`,
      'Write a shorter one.',
    );
  },
  format: quoted,
};

/**
 * A profile that every SDK reads: the characters are those that the SDK for JavaScript takes, and Python's
 * configparser gives the keys of a section named DEFAULT to all the others.
 */
export const profileName: ValueType<string> = {
  fileKind: 'string',
  rule: 'must be the name of an AWS profile (1 to 64 letters, digits and _-@+.%:/)',
  parse(text) {
    if (text === 'DEFAULT') {
      return refused('must not be DEFAULT: boto would use it for every profile', 'Write default.');
    }
    if (/^[\w@+.%:/-]{1,64}$/.test(text)) return { ok: true, value: text };
    const isHeader = /^\[.*\]$/.test(text) || text.startsWith('profile ');
    const nextStep = isHeader
      ? 'Write the name alone, without brackets and without the word profile.'
      : 'Write a name of these characters.';
    return refused(profileName.rule, nextStep);
  },
  format: quoted,
};

const COMMAND = 'must be a command and its arguments: no shell reads it';

/** A program, by its absolute path or by its name, and its arguments; empty: nothing is run. */
export const command: ValueType<readonly string[]> = textList(COMMAND, ([program, ...words]) => {
  if (program === undefined) return undefined;
  if ([program, ...words].some((word) => word.includes('\0'))) {
    return refused(COMMAND, 'Remove the NUL character from it.');
  }
  if (/^\/.*[^/]$/s.test(program)) return undefined;
  if (/^[^/\s]+\s/.test(program)) {
    return refused(
      COMMAND,
      `Write each word by itself: [${program.trim().split(/\s+/).map(quoted).join(', ')}].`,
    );
  }
  if (/^[^/\s]+$/.test(program) && !/^\.{1,2}$/.test(program)) return undefined;
  return refused(
    `${COMMAND}, and its first word is an absolute path or the name of a command`,
    'Write the path from / on, or only the name.',
  );
});

function refused(rule: string, nextStep: string): Parsed<never> {
  return { ok: false, rule, nextStep };
}
