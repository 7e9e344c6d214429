import { formatTimestamp } from '../../src/domain/timestamps.ts';
import { TOKEN_HEADER, type TransportFailure, type TransportRequest } from '../../src/imds/transport.ts';
import type { ImdsFault, Malformation, Part } from './imds-fault.ts';
import { BEGINNING, type VirtualTime } from './virtual-time.ts';

/** One set as IMDS made it. What readers get has to be one of these, whole. */
export interface OfferedSet {
  readonly serial: number;
  readonly roleName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Epoch ms, on a whole second. */
  readonly expiration: number;
  /** When IMDS began to offer it, in elapsed ms. */
  readonly since: number;
  readonly document: string;
}

/** How often sets come and how long they live, in ms. */
export interface Rhythm {
  readonly rotateEveryMs: number;
  readonly lifetimeMs: number;
  /** From a request to its answer, while nothing is wrong. */
  readonly latencyMs: number;
}

export interface ImdsAnswer {
  /** `never`: connected, and no answer. `no-connection`: not even that. */
  readonly afterMs: number | 'never' | 'no-connection';
  readonly failure?: TransportFailure;
  readonly status: number;
  readonly body: string;
  readonly grantedTtl?: string;
  /** What the body holds, a set or the name of a role: for the judge alone. */
  readonly set?: OfferedSet;
  readonly lists?: string;
  readonly tellsAccount?: boolean;
}

export const ACCOUNT_ID = '111122223333';
/** In every secret part of a set and every metadata token, and nowhere else: what must never be in a log line. */
export const SECRET_MARK = 'NOTFORLOGSEXAMPLE';

const LIST = '/latest/meta-data/iam/security-credentials/';
const TOKEN = '/latest/api/token';
const INFO = '/latest/meta-data/iam/info';
const IDENTITY = '/latest/dynamic/instance-identity/document';
const LONGEST_TTL_SECONDS = 21_600;
const FIVE_MINUTES = 300_000;

/** The instance's metadata service, and behind it the control plane that rotates the attached role's credentials. */
export class SimulatedImds {
  readonly sets = new Map<string, OfferedSet>();
  readonly faults = new Set<ImdsFault>();
  roleName: string | undefined;
  profileDeleted = false;
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #rhythm: Rhythm;
  /** When each token was given out, in elapsed ms. */
  readonly #tokens = new Map<string, number>();
  #current: OfferedSet | undefined;
  #nextRotation = Number.POSITIVE_INFINITY;
  #expired: OfferedSet | undefined;
  #serial = 0;
  #tokenSerial = 0;

  constructor(time: VirtualTime, random: () => number, rhythm: Rhythm, roleName: string | undefined) {
    this.#time = time;
    this.#random = random;
    this.#rhythm = rhythm;
    if (roleName !== undefined) this.attach(roleName);
  }

  /** A set of its own for each time that a role is attached. */
  attach(roleName: string): void {
    this.offer();
    this.roleName = roleName;
    this.profileDeleted = false;
    this.#expired = undefined;
    this.#renew(this.#time.elapsed);
  }

  detach(how: 'detached' | 'profile-deleted'): void {
    this.offer();
    this.roleName = undefined;
    this.profileDeleted = how === 'profile-deleted';
    this.#current = undefined;
    this.#nextRotation = Number.POSITIVE_INFINITY;
  }

  /** The set that is on offer at this moment, rotated as far as it is due. */
  offer(): OfferedSet | undefined {
    while (this.#nextRotation <= this.#time.elapsed && !this.#isFrozen()) this.#renew(this.#nextRotation);
    return this.#current;
  }

  /** When the offer changes next by itself, in elapsed ms. */
  nextRotation(): number {
    return this.#isFrozen() ? Number.POSITIVE_INFINITY : this.#nextRotation;
  }

  begin(fault: ImdsFault): void {
    this.offer();
    this.faults.add(fault);
  }

  end(fault: ImdsFault): void {
    this.offer();
    this.faults.delete(fault);
    // What was due while nothing could be issued comes now, not at a time in the past.
    if (fault.kind === 'frozen' && this.#nextRotation < this.#time.elapsed)
      this.#nextRotation = this.#time.elapsed;
  }

  forgetTokens(): void {
    this.#tokens.clear();
  }

  answer(request: TransportRequest): ImdsAnswer {
    const part = partOf(request.path);
    let afterMs = this.#rhythm.latencyMs;
    for (const fault of this.faults) {
      if (fault.kind === 'slow') afterMs = fault.ms;
      const met = this.#meet(fault, part, afterMs);
      if (met !== undefined) return met;
    }
    return this.#answerWell(request, part, afterMs);
  }

  #answerWell(request: TransportRequest, part: Part, afterMs: number): ImdsAnswer {
    if (part === 'token') return this.#newToken(afterMs);
    if (!this.#knows(request.headers[TOKEN_HEADER])) return { afterMs, status: 401, body: '' };
    if (part === 'account') return { afterMs, ...this.#accountDocument(request.path) };
    if (this.roleName === undefined) return { afterMs, status: 404, body: '' };
    if (part === 'list') return this.#list(this.roleName, afterMs);
    const set = this.offer();
    if (set === undefined || request.path !== `${LIST}${this.roleName}`) {
      return { afterMs, status: 404, body: '' };
    }
    return this.#document(set, afterMs);
  }

  #meet(fault: ImdsFault, part: Part, afterMs: number): ImdsAnswer | undefined {
    if ('of' in fault && fault.of !== 'everything' && fault.of !== part) return undefined;
    switch (fault.kind) {
      case 'status':
        return { afterMs, status: fault.status, body: '' };
      case 'refused':
        return { afterMs: 0, failure: 'unreachable', status: 0, body: '' };
      case 'no-route':
        return { afterMs: 'no-connection', status: 0, body: '' };
      case 'unanswered':
        return { afterMs: 'never', status: 0, body: '' };
      case 'cut-off':
        return { afterMs, failure: 'broken', status: 0, body: '' };
      case 'garbled':
        return { afterMs, failure: 'garbled', status: 0, body: '' };
      case 'flaky':
        return this.#random() < fault.share ? { afterMs, status: 503, body: '' } : undefined;
      case 'tokens-refused':
        return part === 'token' ? undefined : { afterMs, status: 401, body: '' };
      default:
        return undefined;
    }
  }

  #document(set: OfferedSet, afterMs: number): ImdsAnswer {
    for (const fault of this.faults) {
      if (fault.kind === 'malformed') return { afterMs, status: 200, body: malformed(set, fault.how) };
      if (fault.kind === 'code') {
        const body = JSON.stringify({ Code: fault.code, Message: 'EXAMPLE says no', LastUpdated: 'now' });
        return { afterMs, status: 200, body };
      }
      if (fault.kind === 'expired-set') {
        const expired = this.#expiredSet(set.roleName);
        return { afterMs, status: 200, body: expired.document, set: expired };
      }
    }
    return { afterMs, status: 200, body: set.document, set };
  }

  #list(roleName: string, afterMs: number): ImdsAnswer {
    for (const fault of this.faults) {
      if (fault.kind !== 'odd-list') continue;
      return { afterMs, status: 200, body: fault.how === 'empty' ? '\n' : '<html>Welcome</html>' };
    }
    return { afterMs, status: 200, body: `${roleName}\n`, lists: roleName };
  }

  #accountDocument(path: string): Omit<ImdsAnswer, 'afterMs'> {
    const tellsAccount = true;
    if (path === IDENTITY) return { status: 200, body: `{"accountId":"${ACCOUNT_ID}"}`, tellsAccount };
    if (this.profileDeleted) return { status: 200, body: '{"Code":"InstanceProfileNotFound"}' };
    if (this.roleName === undefined) return { status: 404, body: '' };
    const arn = `arn:aws:iam::${ACCOUNT_ID}:instance-profile/${this.roleName}`;
    return { status: 200, body: `{"Code":"Success","InstanceProfileArn":"${arn}"}`, tellsAccount };
  }

  #newToken(afterMs: number): ImdsAnswer {
    const token = `${SECRET_MARK}-metadata-${this.#tokenSerial++}`;
    if (this.#tokens.size >= 4) this.#tokens.delete(this.#tokens.keys().next().value ?? '');
    this.#tokens.set(token, this.#time.elapsed);
    return { afterMs, status: 200, body: token, grantedTtl: String(LONGEST_TTL_SECONDS) };
  }

  #knows(token: string | undefined): boolean {
    const issuedAt = this.#tokens.get(token ?? '');
    const now = this.#time.elapsed;
    if (issuedAt === undefined || now - issuedAt >= LONGEST_TTL_SECONDS * 1000) return false;
    for (const fault of this.faults) {
      if (fault.kind !== 'token-storm') continue;
      if (Math.floor(issuedAt / fault.everyMs) !== Math.floor(now / fault.everyMs)) return false;
    }
    return true;
  }

  #isFrozen(): boolean {
    for (const fault of this.faults) if (fault.kind === 'frozen') return true;
    return false;
  }

  #renew(at: number): void {
    const { rotateEveryMs, lifetimeMs } = this.#rhythm;
    const lifetime = lifetimeMs + Math.floor(this.#random() * 900_000);
    this.#current = this.#issue(
      this.roleName ?? '',
      at,
      Math.floor((BEGINNING + at + lifetime) / 1000) * 1000,
    );
    const period = Math.min(rotateEveryMs * (0.95 + this.#random() / 10), lifetime - FIVE_MINUTES - 1000);
    this.#nextRotation = at + Math.floor(period);
  }

  /** The same one for as long as the role is attached. */
  #expiredSet(roleName: string): OfferedSet {
    const expiration = Math.floor((this.#time.awsNow() - 3_600_000) / 1000) * 1000;
    this.#expired ??= this.#issue(roleName, this.#time.elapsed, expiration);
    return this.#expired;
  }

  #issue(roleName: string, since: number, expiration: number): OfferedSet {
    const serial = ++this.#serial;
    const accessKeyId = `ASIAQ3EXAMPLE${String(serial).padStart(7, '0')}`;
    const secretAccessKey = `${SECRET_MARK}/secret/${serial}`;
    const sessionToken = `${SECRET_MARK}/session/${serial}==`;
    const document = `{
  "Code" : "Success",
  "LastUpdated" : "${formatTimestamp(BEGINNING + since)}",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "${accessKeyId}",
  "SecretAccessKey" : "${secretAccessKey}",
  "Token" : "${sessionToken}",
  "Expiration" : "${formatTimestamp(expiration)}"
}`;
    const set = { serial, roleName, accessKeyId, secretAccessKey, sessionToken, expiration, since, document };
    this.sets.set(accessKeyId, set);
    return set;
  }
}

export function partOf(path: string): Part {
  if (path === TOKEN) return 'token';
  if (path === LIST) return 'list';
  return path === INFO || path === IDENTITY ? 'account' : 'document';
}

function malformed({ document }: OfferedSet, how: Malformation): string {
  switch (how) {
    case 'not-json':
      return '<html><body>Service Unavailable</body></html>';
    case 'truncated':
      return document.slice(0, document.indexOf('"Token"') + 20);
    case 'array':
      return `[${document}]`;
    case 'field-missing':
      return document.replace(/ {2}"SecretAccessKey".*\n/, '');
    case 'field-empty':
      return document.replace(/("Token" : )".*"/, '$1""');
    case 'no-expiration':
      return document.replace(/,\n {2}"Expiration".*\n/, '\n');
    case 'bad-expiration':
      return document.replace(/("Expiration" : )".*"/, '$1"soon"');
  }
}
