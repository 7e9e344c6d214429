import type { Credentials } from './credentials.ts';
import { Secret } from './secret.ts';
import { parseTimestamp } from './timestamps.ts';

/** What the text of a credential document says: a whole set, or why there is none in it. Never a part of a set. */
export type ParsedCredentialDocument =
  | { readonly ok: true; readonly credentials: Credentials }
  /** IMDS says itself that it has none: HTTP 200 with a `Code` other than `Success`. Both texts are safe to show. */
  | {
      readonly ok: false;
      readonly reason: 'service-error';
      readonly code: string;
      readonly serviceMessage: string | undefined;
    }
  /** Not the shape of a credential document. `fault` says what is wrong, and holds nothing of the text itself. */
  | { readonly ok: false; readonly reason: 'malformed'; readonly fault: string };

/** No document of IMDS comes near this; what does is not one. */
export const LONGEST_DOCUMENT = 64 * 1024;

/** IAM's `accessKeyIdType`: 16 to 128 of these. */
const ACCESS_KEY_ID = /^[A-Z0-9]{16,128}$/;
/** Both end up in HTTP headers, environment variables and INI files: nothing that one of those would read as syntax. */
const SECRET_ACCESS_KEY = /^[\x21-\x7e]{1,1024}$/;
const SESSION_TOKEN = /^[\x21-\x7e]{1,16384}$/;

const SHOWN_CODE_LENGTH = 64;
const SHOWN_MESSAGE_LENGTH = 200;

/**
 * Reads the JSON that IMDS serves under the role's name (EC2 User Guide, "Retrieve security credentials from instance
 * metadata") from untrusted text. Never throws. Unknown fields are ignored, a repeated one counts as its last. An
 * expiration in the past is no fault of the document: what that means is for the lifecycle to say.
 */
export function parseCredentialDocument(text: string): ParsedCredentialDocument {
  if (text.length > LONGEST_DOCUMENT) return malformed(`it is longer than ${LONGEST_DOCUMENT} characters`);
  const document = parseObject(text);
  if (document === undefined) return malformed('it is not a JSON object');

  const code = textField(document, 'Code');
  if (code === undefined || shown(code, SHOWN_CODE_LENGTH) === '') {
    return malformed('its field Code is missing, empty or no text');
  }
  if (code.toLowerCase() !== 'success') return serviceError(code, textField(document, 'Message'));

  const accessKeyId = textField(document, 'AccessKeyId', ACCESS_KEY_ID);
  const secretAccessKey = textField(document, 'SecretAccessKey', SECRET_ACCESS_KEY);
  const sessionToken = textField(document, 'Token', SESSION_TOKEN);
  const expiration = parseTimestamp(textField(document, 'Expiration') ?? '');
  if (accessKeyId === undefined) return badField('AccessKeyId', '16 to 128 capital letters and digits');
  if (secretAccessKey === undefined)
    return badField('SecretAccessKey', '1 to 1024 printable ASCII characters');
  if (sessionToken === undefined) return badField('Token', '1 to 16384 printable ASCII characters');
  if (expiration === undefined) return badField('Expiration', 'an instant like 2026-11-23T14:12:31Z');

  return {
    ok: true,
    credentials: {
      accessKeyId,
      secretAccessKey: new Secret(secretAccessKey),
      sessionToken: new Secret(sessionToken),
      expiration,
    },
  };
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The field's text, if the object itself has the field and it is a text of that shape, by default any but the empty one. */
function textField(document: object, name: string, shape = /./s): string | undefined {
  if (!Object.hasOwn(document, name)) return undefined;
  const value: unknown = Reflect.get(document, name);
  return typeof value === 'string' && shape.test(value) ? value : undefined;
}

function badField(name: string, rule: string): ParsedCredentialDocument {
  return malformed(`its field ${name} is missing or not ${rule}`);
}

function malformed(fault: string): ParsedCredentialDocument {
  return { ok: false, reason: 'malformed', fault };
}

function serviceError(code: string, message: string | undefined): ParsedCredentialDocument {
  return {
    ok: false,
    reason: 'service-error',
    code: shown(code, SHOWN_CODE_LENGTH),
    serviceMessage: message === undefined ? undefined : shown(message, SHOWN_MESSAGE_LENGTH),
  };
}

/** Made fit for one line of a log or terminal: no control, formatting or line-breaking character, and cut. */
function shown(text: string, length: number): string {
  const characters = [...text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()];
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : characters.join('');
}
