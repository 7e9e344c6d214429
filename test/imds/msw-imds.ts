import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { RoleCredentials } from '../../src/domain/credentials.ts';
import type { CheckOutcome, SourceError } from '../../src/domain/errors.ts';
import { type CredentialSourceOptions, createCredentialSource } from '../../src/imds/credential-source.ts';
import type { Transport } from '../../src/imds/transport.ts';
import { fetchTransport, IMDS_ORIGIN } from '../support/imds-fetch-transport.ts';
import { type ManualClock, manualClock, settle } from '../support/manual-clock.ts';
import { memoryLog } from '../support/memory-log.ts';
import { until } from './until.ts';

export const ROLE = 'web-server';
export const DOCUMENT = {
  Code: 'Success',
  LastUpdated: '2026-11-23T08:00:05Z',
  Type: 'AWS-HMAC',
  AccessKeyId: 'ASIAQ3EXAMPLEKEY0001',
  SecretAccessKey: 'exampleSecretExampleSecretExample0001EXA',
  Token: 'EXAMPLE-session-token==',
  Expiration: '2026-11-23T14:12:31Z',
};
export const PROFILE = {
  Code: 'Success',
  InstanceProfileArn: 'arn:aws:iam::111122223333:instance-profile/web',
};

/** The four things a check asks for, and the second place to learn the account from. */
export type Part = 'token' | 'list' | 'document' | 'info' | 'identity';

function partAt(path: string): Part | undefined {
  if (path === '/latest/api/token') return 'token';
  if (path === '/latest/meta-data/iam/security-credentials/') return 'list';
  if (path.startsWith('/latest/meta-data/iam/security-credentials/')) return 'document';
  if (path === '/latest/meta-data/iam/info') return 'info';
  return path === '/latest/dynamic/instance-identity/document' ? 'identity' : undefined;
}

export interface SeenRequest {
  readonly part: Part | 'other';
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** Monotonic ms of the test's clock. */
  readonly at: number;
}

/** An IMDS answer that never comes. */
export const never = () => new Promise<Response>(() => {});

type Answer = () => Response | Promise<Response>;

/** An IMDS that MSW plays: it answers well until it is told otherwise, and remembers what it was asked. */
export function mswImds() {
  const next = new Map<Part, Answer[]>();
  const always = new Map<Part, Answer>();
  const seen: SeenRequest[] = [];
  let clock = manualClock();
  let issued = 0;
  let currentToken = '';
  let inFlight = 0;

  const server = setupServer(
    http.all(`${IMDS_ORIGIN}/*`, async ({ request }) => {
      const { pathname: path } = new URL(request.url);
      const part = partAt(path);
      seen.push({
        part: part ?? 'other',
        method: request.method,
        path,
        headers: request.headers,
        at: clock.monotonic(),
      });
      if (part === undefined) return status(404);
      const answer = next.get(part)?.shift() ?? always.get(part);
      return answer ? answer() : goodAnswer(part, request);
    }),
  );
  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
  afterAll(() => server.close());
  beforeEach(() => {
    next.clear();
    always.clear();
    seen.length = 0;
    issued = 0;
    currentToken = '';
    clock = manualClock();
  });

  const counted =
    (transport: Transport): Transport =>
    (request) => {
      inFlight++;
      return transport(request).finally(() => inFlight--);
    };

  return {
    seen,
    get clock(): ManualClock {
      return clock;
    },
    parts: () => seen.map(({ part }) => part),
    /** These answers come first, in this order. */
    next: (part: Part, ...answers: Answer[]) => void next.set(part, [...(next.get(part) ?? []), ...answers]),
    /** This answer comes from now on. */
    always: (part: Part, answer: Answer) => void always.set(part, answer),
    /** IMDS forgets the tokens it has issued. */
    forgetTokens: () => {
      currentToken = 'EXAMPLE-forgotten';
    },
    source(overrides: Partial<CredentialSourceOptions> = {}) {
      const log = memoryLog();
      const source = createCredentialSource({
        endpoint: IMDS_ORIGIN,
        transportFor: (origin) => counted(fetchTransport(origin)),
        requestTimeoutMs: 2_000,
        role: '',
        attempts: 3,
        clock,
        random: () => 0.5,
        log,
        ...overrides,
      });
      return { source, log, check: () => finish(source.check(new AbortController().signal)) };
    },
    finish,
  };

  /** Lets a check run to its end. The clock moves only while the check waits for nothing but the clock. */
  async function finish(check: Promise<CheckOutcome>): Promise<CheckOutcome> {
    let outcome: CheckOutcome | undefined;
    void check.then((value) => {
      outcome = value;
    });
    const waitsForClock = () => inFlight === 0 && clock.pendingTimers() > 1;
    while (outcome === undefined) {
      await until(() => outcome !== undefined || waitsForClock());
      await settle();
      if (waitsForClock()) await clock.advance(10);
    }
    return outcome;
  }

  function goodAnswer(part: Part, request: Request): Response {
    if (part === 'token') {
      currentToken = `EXAMPLE-metadata-token-${++issued}`;
      return text(currentToken, { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' });
    }
    if (request.headers.get('x-aws-ec2-metadata-token') !== currentToken) return status(401);
    if (part === 'list') return text(ROLE);
    return json(part === 'document' ? DOCUMENT : part === 'info' ? PROFILE : { accountId: '444455556666' });
  }
}

export function text(body: string, headers: Record<string, string> = {}): Response {
  return HttpResponse.text(body, { headers });
}

export function json(value: unknown): Response {
  return HttpResponse.text(JSON.stringify(value));
}

/** IMDS's error bodies are small XHTML pages, never JSON. */
export function status(code: number): Response {
  const body = `<?xml version="1.0"?><html><head><title>${code}</title></head><body>CANARY</body></html>`;
  const bodyless = code === 204 || code === 304;
  return new HttpResponse(bodyless ? null : body, { status: code, headers: { 'content-type': 'text/html' } });
}

export function errorOf(outcome: CheckOutcome): SourceError {
  if (outcome.ok) throw new Error('The check was expected to fail');
  return outcome.error;
}

export function fetchedBy(outcome: CheckOutcome): RoleCredentials {
  if (!outcome.ok) throw new Error(`The check was expected to work: ${outcome.error.message}`);
  return outcome.value;
}
