import type { Files, Log } from '../domain/ports.ts';
import { Secret } from '../domain/secret.ts';
import type { Boot } from '../platform/clock.ts';
import { timingSafeEqual } from '../platform/cryptography.ts';
import { systemFiles } from '../platform/files.ts';
import { readPlainFile } from '../platform/plain-file.ts';
import { type SecretRandom, systemSecretRandom } from '../platform/secret-random.ts';
import { parseTokenState, type TokenState, tokenStateText } from './container-token-state.ts';

/** The authorization token of the container endpoint: whoever may read its file may ask. */
export interface ContainerToken {
  /** Whether this is the token, or one that it replaced less than 15 minutes ago. */
  accepts(candidate: string): boolean;
  /**
   * Puts the file in place again where it is not as it was written, with a new token, since somebody may know the old
   * one or want it gone. To be called once a minute. Never throws: what it cannot do it logs, and tries the next time.
   */
  check(): void;
}

export interface ContainerTokenParts {
  /** Of the token file. Beside it, under the name with `.state`, is what a restart of the agent needs. */
  readonly path: string;
  /** Who may read the token file; undefined: the process's own group. */
  readonly gid: number | undefined;
  /** The process's own. */
  readonly uid: number;
  readonly boot: Boot;
  readonly log: Log;
  readonly files?: Files;
  readonly secretRandom?: SecretRandom;
}

const TOKEN_BYTES = 32;
const TOKEN_MODE = 0o640;
const STATE_MODE = 0o600;
/** How long consumers that were given a token (in a variable, say) may go on with it after it was replaced. */
const OVERLAP_SECONDS = 15 * 60;
/** Of several replacements within the overlap, only so many old tokens stay good. */
const MOST_PREVIOUS = 4;

/**
 * Takes up the token of an earlier run of the agent in this boot of the machine, or makes a new one. The file has no
 * newline at its end: SDKs send what they read, and refuse to send a newline.
 */
export function createContainerToken(parts: ContainerTokenParts): ContainerToken {
  const { path, gid, uid, boot, log, files = systemFiles, secretRandom = systemSecretRandom } = parts;
  const statePath = `${path}.state`;
  const found = takeUp();
  let state: TokenState = found ?? { boot: boot.id, token: newToken(), previous: [] };
  /** Whether consumers may have read the current token. */
  let isPublished = found !== undefined;
  check();

  return {
    accepts(candidate) {
      const offered = Buffer.from(candidate);
      let isAccepted = false;
      // Without stopping at a match: how long it takes says nothing about which one it was.
      for (const token of [state.token, ...stillGood().map((previous) => previous.token)]) {
        isAccepted = isSame(offered, bytesOf(token)) || isAccepted;
      }
      return isAccepted;
    },
    check,
  };

  function check(): void {
    try {
      if (isInPlace()) return;
      if (isPublished) rotate();
      publish();
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      log.error(
        'The container token cannot be put in place; the next try is in a minute. Free the runtime directory',
        { path, code },
      );
    }
  }

  function isInPlace(): boolean {
    const file = readPlainFile(path);
    return (
      file !== undefined &&
      file.text === state.token.reveal() &&
      file.mode === TOKEN_MODE &&
      file.uid === uid &&
      (gid === undefined || file.gid === gid)
    );
  }

  function rotate(): void {
    const until = boot.uptimeSeconds() + OVERLAP_SECONDS;
    const previous = [{ token: state.token, until }, ...stillGood()].slice(0, MOST_PREVIOUS);
    state = { boot: boot.id, token: newToken(), previous };
    isPublished = false;
    log.warn(
      'The container token file was removed or altered: there is a new token. Look who did it; the old one is good for 15 minutes',
      { path },
    );
  }

  /** The state goes first: a token that consumers can read is never one that a restart would forget. */
  function publish(): void {
    files.replace(statePath, tokenStateText(state), { mode: STATE_MODE });
    files.replace(path, state.token.reveal(), { mode: TOKEN_MODE, gid });
    isPublished = true;
  }

  function stillGood(): TokenState['previous'] {
    if (state.previous.length === 0) return [];
    const now = boot.uptimeSeconds();
    return state.previous.filter(({ until }) => now < until);
  }

  function newToken(): Secret {
    return new Secret(Buffer.from(secretRandom(TOKEN_BYTES)).toString('hex'));
  }

  function takeUp(): TokenState | undefined {
    try {
      files.sweepTemporaries(path);
      const text = files.readPrivate(statePath, uid);
      const stored = text === undefined ? undefined : parseTokenState(text);
      return stored?.boot === boot.id ? stored : undefined;
    } catch (error) {
      log.warn(
        'The stored container token is not used: a new one is made. Start programs again that have the old one in a variable',
        { path: statePath, because: String(error) },
      );
      return undefined;
    }
  }
}

/** How long a token is everybody may know. */
function isSame(offered: Buffer, token: Buffer): boolean {
  return offered.length === token.length && timingSafeEqual(offered, token);
}

const bytes = new WeakMap<Secret, Buffer>();

function bytesOf(token: Secret): Buffer {
  let known = bytes.get(token);
  if (known === undefined) {
    known = Buffer.from(token.reveal());
    bytes.set(token, known);
  }
  return known;
}
