import type { CheckOutcome } from '../../src/domain/errors.ts';
import type { Transport, TransportAnswer, TransportFailure } from '../../src/imds/transport.ts';
import type { Code } from './code.ts';
import { BEGINNING } from './machine.ts';
import type { Role } from './sets.ts';

/** One answer of IMDS within a check. */
export interface Answer {
  /** For people. */
  readonly name: string;
  readonly status?: number;
  readonly body?: string;
  readonly failure?: TransportFailure;
  /** The role that a list names. */
  readonly role?: Role;
}

/** How far a check has come with the answers so far. */
export type Progress =
  | { readonly asks: 'list' | 'document'; readonly outcome?: undefined }
  | { readonly outcome: CheckOutcome; readonly asks?: undefined };

const ROLE_LIST_PATH = '/latest/meta-data/iam/security-credentials/';
const PROFILE = JSON.stringify({
  InstanceProfileArn: 'arn:aws:iam::111122223333:instance-profile/EXAMPLE',
});
const SILENT = { error() {}, warn() {}, info() {}, debug() {} };

/**
 * What a check makes of IMDS's answers, told by the agent's own client. It depends on the answers and on nothing else
 * here, so each row of answers is given to a client once, and what came of it is remembered.
 */
export class CheckSource {
  readonly #code: Code;
  readonly #known = new Map<string, Progress>();
  /** Set where two checks, or two requests of one check, were under way at a time. */
  overlap: string | undefined;

  constructor(code: Code) {
    this.#code = code;
  }

  async progress(answers: readonly Answer[]): Promise<Progress> {
    const key = answers.map(({ status, body, failure }) => `${status} ${failure} ${body}`).join('\n');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const progress = await this.#ask(answers);
    this.#known.set(key, progress);
    return progress;
  }

  async #ask(answers: readonly Answer[]): Promise<Progress> {
    const stopping = new AbortController();
    const left = [...answers];
    const waiting: string[] = [];
    const source = this.#code.createCredentialSource({
      endpoint: 'http://127.0.0.1:1',
      transportFor: () => (request) => this.#answer(request, left, waiting),
      requestTimeoutMs: 2_000,
      role: '',
      attempts: 1,
      clock: { now: () => BEGINNING, monotonic: () => 0, setTimer: () => () => {} },
      random: () => 0,
      log: SILENT,
    });
    let outcome: CheckOutcome | undefined;
    const check = source.check(stopping.signal);
    void check.then((ended) => {
      outcome = ended;
    });
    const isSameCheck = source.check(stopping.signal) === check;
    while (outcome === undefined && waiting.length === 0)
      await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    if (!isSameCheck) this.overlap = 'a second call of check, while one was under way, began another';
    if (waiting.length > 1) this.overlap = `${waiting.length} requests of checks were under way at a time`;
    const [path] = waiting;
    const progress: Progress =
      outcome === undefined ? { asks: path === ROLE_LIST_PATH ? 'list' : 'document' } : { outcome };
    stopping.abort();
    return progress;
  }

  #answer(
    ...[request, left, waiting]: [Parameters<Transport>[0], Answer[], string[]]
  ): Promise<TransportAnswer> {
    const { method, path, signal } = request;
    if (method === 'PUT') return ok('EXAMPLEMETADATATOKEN');
    if (!path.startsWith(ROLE_LIST_PATH)) return ok(PROFILE);
    const answer = left.shift();
    if (answer === undefined) {
      waiting.push(path);
      const { promise, reject } = Promise.withResolvers<TransportAnswer>();
      signal.addEventListener('abort', () => reject(new this.#code.TransportError('cancelled', 'given up')));
      return promise;
    }
    const { status = 200, body = '', failure } = answer;
    if (failure !== undefined) return Promise.reject(new this.#code.TransportError(failure, 'EXAMPLE'));
    return ok(body, status);
  }
}

function ok(body: string, status = 200): Promise<TransportAnswer> {
  return Promise.resolve({ status, body, date: undefined, grantedTtl: undefined });
}
