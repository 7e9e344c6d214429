import { type Parsed, quoted, type ValueType } from './value-types.ts';

/** Bytes in `sun_path` of a Unix socket's address, less the NUL that ends it (unix(7)). */
const LONGEST_SOCKET_PATH = 107;

/** The permission bits of a socket, written as four octal digits. Others get nothing. */
export const privateMode = modeWithoutOthers('0660', 'whoever can connect gets the credentials');

/** The permission bits of a file with credentials in it. */
export const privateFileMode = modeWithoutOthers('0640', 'whoever can read the file gets the credentials');

function modeWithoutOthers(example: string, reason: string): ValueType<number> {
  const rule = `must be four octal digits, the first and the last of them 0, such as ${example}`;
  return {
    fileKind: 'string',
    rule,
    parse(text) {
      if (!/^0[0-7]{3}$/.test(text))
        return refused(rule, `Write ${example} to let the group in, 0600 to let nobody else in.`);
      const value = Number.parseInt(text, 8);
      if ((value & 0o007) === 0) return { ok: true, value };
      return refused(
        `must not give anything to others (its last digit must be 0): ${reason}`,
        `Write ${text.slice(0, 3)}0, and let consumers in through the group.`,
      );
    },
    format: (mode) => quoted(mode.toString(8).padStart(4, '0')),
  };
}

/** A path in the runtime directory (relative), or absolute. */
export const socketPath: ValueType<string> = {
  fileKind: 'string',
  rule: `must be a file's path of at most ${LONGEST_SOCKET_PATH} bytes, relative to the runtime directory or absolute`,
  parse(text) {
    if (text === '' || /\p{Cc}/u.test(text) || Buffer.byteLength(text) > LONGEST_SOCKET_PATH) {
      return refused(socketPath.rule, 'Write a shorter path of printable characters, such as agent.sock.');
    }
    const segments = text.split('/');
    const last = segments.at(-1);
    if (last === '' || last === '.' || last === '..') {
      return refused('must name a file, not a directory', 'Add the name of the socket, such as agent.sock.');
    }
    if (segments.includes('..')) {
      return refused(
        'must not contain ..',
        'Write an absolute path without .. to leave the runtime directory.',
      );
    }
    return { ok: true, value: text };
  },
  format: quoted,
};

/** An IAM role's name (IAM API reference, CreateRole); empty: whichever is attached. */
export const roleName: ValueType<string> = {
  fileKind: 'string',
  rule: 'must be the name of an IAM role (at most 64 letters, digits and _+=,.@-), or empty for whichever is attached',
  parse(text) {
    if (/^[\w+=,.@-]{0,64}$/.test(text)) return { ok: true, value: text };
    const nextStep = text.startsWith('arn:')
      ? 'Write only the part of the ARN after its last slash.'
      : 'Write the name as the IAM console shows it, without a path.';
    return refused(roleName.rule, nextStep);
  },
  format: quoted,
};

function refused(rule: string, nextStep: string): Parsed<never> {
  return { ok: false, rule, nextStep };
}
