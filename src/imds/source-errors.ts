/**
 * Every reason why a check can fail, in one place: its kind, and the sentence people read. A sentence says what was
 * tried, the value found, the rule and the next step. It never holds a body, a header or a secret.
 */
import type { SourceError, SourceErrorKind } from '../domain/errors.ts';
import type { Log } from '../domain/ports.ts';
import type { TransportError, TransportRequest } from './transport.ts';

/** How a `SourceError` travels inside one check: thrown where it is found, an outcome again where the check ends. */
export class SourceFailure extends Error {
  readonly error: SourceError;

  constructor(kind: SourceErrorKind, message: string, facts: { status?: number; code?: string } = {}) {
    super(message);
    this.name = 'SourceFailure';
    this.error = { kind, message, ...facts };
  }
}

/**
 * What a check that ended with this thrown value tells. Anything but a SourceFailure is a defect of ours: it is logged
 * by its name and place alone, since its message could quote an answer, and told as an answer that we could not read.
 */
export function sourceErrorOf(thrown: unknown, log: Log): SourceError {
  if (thrown instanceof SourceFailure) return thrown.error;
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  const place = thrown instanceof Error ? placeOf(thrown) : '';
  log.error('A defect in rolekeeper ended a check of IMDS: please report this line', { name, place });
  return {
    kind: 'malformed',
    message: `rolekeeper could not take in an answer of IMDS (${name}): this is a defect in rolekeeper, please report it with the log's line`,
  };
}

/** Where the stack begins. Its head repeats the message, which may have lines that look like a place. */
function placeOf({ message, stack = '' }: Error): string {
  const places = stack.slice(stack.indexOf(message) + message.length);
  return /\s+at .*/.exec(places)?.[0].trim() ?? '';
}

/** What was asked. Paths hold no secret: their only variable part is a role name. */
export type Asked = Pick<TransportRequest, 'method' | 'path'>;

export function noRole(asked: Asked): SourceFailure {
  return new SourceFailure(
    'no-role',
    `${line(asked)} answered 404: no role is attached to this instance. Attach an instance profile that has a role; rolekeeper finds it by itself`,
    { status: 404 },
  );
}

export function roleMismatch(wanted: string, attached: string): SourceFailure {
  return new SourceFailure(
    'role-mismatch',
    `IMDS lists the role ${attached}, and imds.role allows only ${wanted}. Attach ${wanted} to this instance, or correct or empty imds.role`,
  );
}

export function roleChanged(roleName: string): SourceFailure {
  return new SourceFailure(
    'role-changed',
    `IMDS lists the role ${roleName} and twice answered 404 for its credentials: the role is probably being replaced. The next check will tell; if this lasts, attach the instance profile again`,
    { status: 404 },
  );
}

export function tokenRefused(asked: Asked): SourceFailure {
  return new SourceFailure(
    'token-refused',
    `${line(asked)} answered 401 twice, the second time with a brand-new metadata token. Look for something between this program and IMDS that drops the token header or answers in its place (a proxy, a redirect rule)`,
    { status: 401 },
  );
}

const SERVICE_CODE_MEANINGS: Readonly<Record<string, (roleName: string) => string>> = {
  assumeroleunauthorizedaccess: (roleName) =>
    `EC2 may not assume this role. Its trust policy has to allow sts:AssumeRole to the service principal ec2.amazonaws.com: aws iam get-role --role-name ${roleName} shows it. AWS takes up a corrected policy by itself, within the hour`,
};

/** A `Code` other than `Success`. Both texts come cleaned from `domain/credential-document.ts`. */
export function serviceError(roleName: string, code: string, serviceMessage?: string): SourceFailure {
  const meaning =
    SERVICE_CODE_MEANINGS[code.toLowerCase()]?.(roleName) ??
    'Look the code up in the EC2 and IAM user guides, and the role in the IAM console';
  const said = serviceMessage === undefined ? '' : ` (${serviceMessage})`;
  return new SourceFailure(
    'service-error',
    `IMDS has no credentials for the role ${roleName}: Code is ${code}${said}, the rule is Success. ${meaning}`,
    { code },
  );
}

/** `fault` completes "… answered with what IMDS does not send: ". It says what is wrong and quotes nothing. */
export function malformed(asked: Asked, fault: string, facts: { status?: number } = {}): SourceFailure {
  return new SourceFailure(
    'malformed',
    `${line(asked)} answered with what IMDS does not send: ${fault}. Check that imds.endpoint is the instance metadata service, and what else could answer at its address`,
    facts,
  );
}

/** An answer whose status is neither 200 nor one that its caller knows better. */
export function badStatus(asked: Asked, status: number): SourceFailure {
  const found = `${line(asked)} answered ${status}`;
  if (status === 403) {
    return new SourceFailure(
      'imds-disabled',
      `${found}: the instance metadata service is switched off for this instance. Switch it on: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled`,
      { status },
    );
  }
  if (status === 429 || status === 503) {
    return new SourceFailure(
      'throttled',
      `${found}: IMDS limits the requests of the instance as a whole. rolekeeper asks again by itself; if this lasts, look for programs that ask IMDS themselves and point them at rolekeeper`,
      { status },
    );
  }
  if (status >= 300 && status < 400) return malformed(asked, `a redirect (status ${status})`, { status });
  return new SourceFailure(
    'unexpected-status',
    `${found}, where IMDS answers 200. rolekeeper asks again by itself; if this lasts, check that imds.endpoint is the instance metadata service`,
    { status },
  );
}

/** No answer at all, as the transport tells it. */
export function transportFailed(asked: Asked, error: TransportError): SourceFailure {
  const { failure, detail } = error;
  if (failure === 'garbled') return malformed(asked, detail);
  if (failure === 'unreachable') {
    return new SourceFailure(
      'unreachable',
      `${line(asked)} found no connection (${detail}). IMDS is there on EC2 instances only: check imds.endpoint, the routes and the firewall rules for its address`,
    );
  }
  if (failure === 'unanswered' && asked.method === 'PUT') {
    return new SourceFailure(
      'token-unanswered',
      `${line(asked)} was accepted and never answered (${detail}): in a container this is what a metadata hop limit of 1 does. Raise it with aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2, or run rolekeeper outside the container`,
    );
  }
  const what =
    failure === 'cancelled'
      ? 'was given up: the check ran out of time, or rolekeeper stops'
      : 'got no whole answer';
  return new SourceFailure(
    'timeout',
    `${line(asked)} ${what} (${detail}). rolekeeper asks again by itself; if this lasts, look for programs that ask IMDS very often`,
  );
}

function line({ method, path }: Asked): string {
  return `${method} ${path}`;
}
