import { connect } from 'node:net';
import { formatTimestamp } from '../../src/domain/timestamps.ts';
import type { IssuedSet } from '../../src/simulator/credential-set.ts';

export interface RawAnswer {
  /** `closed`: the connection ended without a whole answer. */
  readonly status: number | 'closed';
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RawExchange {
  /** Resolves when the bytes are on their way. */
  readonly sent: Promise<void>;
  readonly answer: Promise<RawAnswer>;
}

const MOST_TURNS = 10_000;

/** Sends exactly these bytes on a connection of its own, and reads the first answer. */
export function sendBytes(socketPath: string, request: string): RawExchange {
  const sent = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<RawAnswer>();
  const hasBody = !request.startsWith('HEAD ');
  const socket = connect(socketPath);
  let received = '';
  socket.setEncoding('latin1');
  socket.write(request, 'latin1', () => sent.resolve());
  socket.on('data', (bytes) => {
    received += bytes;
    const whole = wholeAnswer(received, hasBody);
    if (whole === undefined) return;
    answer.resolve(whole);
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    sent.resolve();
    answer.resolve({ status: 'closed', headers: new Map(), body: '' });
  });
  return { sent: sent.promise, answer: answer.promise };
}

/** Without time, an agent that answers does so within some turns of the event loop. Throws where it does not. */
export async function promptAnswer<Answer>(answer: Promise<Answer>): Promise<Answer> {
  let isThere = false;
  void answer.then(() => {
    isThere = true;
  });
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    await new Promise(setImmediate);
    if (isThere) return answer;
  }
  throw new Error('no answer comes before time passes');
}

export function plainRequest(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

/** `received` has a character for each byte. */
function wholeAnswer(received: string, hasBody: boolean): RawAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [statusLine = '', ...lines] = received.slice(0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = hasBody ? Number(headers.get('content-length')) : 0;
  const body = Buffer.from(received.slice(end + 4, end + 4 + length), 'latin1');
  return body.length < length ? undefined : { status, headers, body: body.toString('utf8') };
}

/** Where a set stands: how each part of it is called there, and what else the document has to say. */
const SHAPES = {
  container: {
    constants: { Code: 'Success' },
    token: 'Token',
  },
  'credential-process': {
    constants: { Version: 1 },
    token: 'SessionToken',
  },
} as const;

export interface ShownSet {
  readonly set: IssuedSet;
  readonly expiration: string;
  readonly account: string | undefined;
}

/**
 * The one set that a document shows. Throws where it has a member too many or too few, parts of two sets, or an
 * expiration that is none or not ahead of us.
 */
export function shownSet(
  text: string,
  shape: keyof typeof SHAPES,
  sets: readonly IssuedSet[],
  now: number,
): ShownSet {
  const { constants, token } = SHAPES[shape];
  const { Expiration: expiration, AccountId: account, ...rest } = JSON.parse(text);
  const set = sets.find(({ accessKeyId }) => accessKeyId === rest.AccessKeyId);
  if (set === undefined) throw new Error(`It shows a key that IMDS never gave: ${text}`);
  const whole = {
    ...constants,
    AccessKeyId: set.accessKeyId,
    SecretAccessKey: set.secretAccessKey,
    [token]: set.sessionToken,
  };
  if (sorted(rest) !== sorted(whole)) throw new Error(`It does not show one whole set: ${text}`);
  if (typeof expiration !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(expiration)) {
    throw new Error(`Its expiration is ${JSON.stringify(expiration)}`);
  }
  // An extended expiration is told without its part of a second, and holds to the end of it.
  const extended = expiration !== formatTimestamp(set.expiration);
  if (Date.parse(expiration) + (extended ? 1_000 : 0) <= now) {
    throw new Error(`It is ${formatTimestamp(now)}, and what it shows expired at ${expiration}`);
  }
  return { set, expiration, account };
}

function sorted(object: object): string {
  return JSON.stringify(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
