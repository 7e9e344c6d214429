import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { AgentError, askAgent } from '../../../client/agent-client.ts';
import { parseRefusal } from '../../../client/refusal.ts';
import type { Settings } from '../../../config/settings.ts';
import type { SurfaceName } from '../../../domain/caller.ts';
import { pause } from '../../../domain/ports.ts';
import {
  TOKEN_HEADER,
  TOKEN_TTL_HEADER,
  type TransportAnswer,
  TransportError,
  type TransportFailure,
} from '../../../imds/transport.ts';
import { authorityOf } from '../../../platform/tcp-listener.ts';
import type { Machine } from '../machine.ts';

/** One surface, asked as a consumer would ask it. Bodies are not kept: they hold credentials. */
export interface SurfaceSeen {
  readonly surface: SurfaceName;
  readonly place: string;
  readonly answer: SurfaceAnswer;
}

export type SurfaceAnswer =
  | { readonly kind: 'set'; readonly bytes: number; readonly ms: number }
  | { readonly kind: 'refusal'; readonly status: number; readonly code: string; readonly message: string }
  | { readonly kind: 'foreign'; readonly status: number }
  | { readonly kind: 'failure'; readonly failure: TransportFailure; readonly detail: string }
  /** Its port is another one at each start. */
  | { readonly kind: 'unknown-port' };

export type TokenSeen =
  | { readonly kind: 'readable'; readonly hasNewline: boolean; readonly bytes: number }
  | { readonly kind: 'missing' | 'closed' | 'odd'; readonly code: string };

const DEADLINE_MS = 3_000;
const TIMEOUTS = { connectTimeoutMs: 1_000, requestTimeoutMs: DEADLINE_MS };
/** A first answer later than this may be this machine's haste: it is asked again, and the quickest counts. */
const WORTH_ANOTHER_TRY_MS = 250;
const LONGEST_LINE = 64 * 1024;

/** Every surface that is on, in turn. Never rejects. */
export async function lookAtSurfaces(
  settings: Settings,
  runtimeDirectory: string,
  socketPath: string,
  token: string | undefined,
  machine: Machine,
): Promise<readonly SurfaceSeen[]> {
  const { containerEndpoint, imdsEndpoint, lineSocket } = settings;
  const seen: SurfaceSeen[] = [];
  await look('agent_socket', socketPath, () => askAgentSocket(socketPath, machine));
  if (containerEndpoint.enabled && (token !== undefined || containerEndpoint.authorize === 'user')) {
    const { listen } = containerEndpoint;
    await look('container_endpoint', authorityOf(listen), async () =>
      listen.port === 0 ? { kind: 'unknown-port' } : askContainer(authorityOf(listen), token, machine),
    );
  }
  if (imdsEndpoint.enabled) {
    const { listen } = imdsEndpoint;
    await look('imds_endpoint', authorityOf(listen), async () =>
      listen.port === 0 ? { kind: 'unknown-port' } : askImdsEndpoint(authorityOf(listen), machine),
    );
  }
  if (lineSocket.enabled) {
    const path = isAbsolute(lineSocket.path) ? lineSocket.path : join(runtimeDirectory, lineSocket.path);
    await look('line_socket', path, () => askLineSocket(path, machine));
  }
  return seen;

  async function look(surface: SurfaceName, place: string, ask: () => Promise<SurfaceAnswer>): Promise<void> {
    let answer = await ask();
    for (let again = 0; again < 2 && isSlow(answer); again++) {
      const another = await ask();
      if (another.kind === 'set' && isSlow(answer) && another.ms < answer.ms) answer = another;
    }
    seen.push({ surface, place, answer });
  }
}

function isSlow(answer: SurfaceAnswer): answer is SurfaceAnswer & { kind: 'set' } {
  return answer.kind === 'set' && answer.ms > WORTH_ANOTHER_TRY_MS;
}

/** The token's text for asking, and what may be told of it. */
export function lookAtToken(path: string): { readonly seen: TokenSeen; readonly text: string | undefined } {
  try {
    const text = readFileSync(path, 'utf8');
    const hasNewline = /[\r\n]/.test(text);
    const seen = { kind: 'readable', hasNewline, bytes: Buffer.byteLength(text) } as const;
    // As an SDK has to: it cannot be sent with a line break in it.
    return { seen, text: text.replaceAll(/[\r\n]+/g, '') };
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const kind = code === 'ENOENT' ? 'missing' : code === 'EACCES' || code === 'EPERM' ? 'closed' : 'odd';
    return { seen: { kind, code }, text: undefined };
  }
}

async function askAgentSocket(socketPath: string, { clock }: Machine): Promise<SurfaceAnswer> {
  const begun = clock.monotonic();
  try {
    const path = '/v1/credential-process';
    const { status, body } = await askAgent({ socketPath, path, deadlineMs: DEADLINE_MS, clock });
    return answered(status, body, clock.monotonic() - begun);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const failure = error.problem === 'no-answer' ? 'unanswered' : 'unreachable';
    return { kind: 'failure', failure, detail: error.message };
  }
}

async function askContainer(
  authority: string,
  token: string | undefined,
  machine: Machine,
): Promise<SurfaceAnswer> {
  const headers = token === undefined ? {} : { authorization: token };
  return exchange(authority, '/v1/container-credentials', headers, machine);
}

/** As an SDK does: a token, the list, the document. The slowest of the three counts. */
async function askImdsEndpoint(authority: string, machine: Machine): Promise<SurfaceAnswer> {
  const list = '/latest/meta-data/iam/security-credentials/';
  let slowest = 0;
  const ask = async (method: 'GET' | 'PUT', path: string, headers: Record<string, string>) => {
    const begun = machine.clock.monotonic();
    const answer = await send(authority, method, path, headers, machine);
    slowest = Math.max(slowest, machine.clock.monotonic() - begun);
    return answer;
  };
  try {
    const granted = await ask('PUT', '/latest/api/token', { [TOKEN_TTL_HEADER]: '60' });
    if (granted.status !== 200) return answered(granted.status, granted.body, slowest);
    if (granted.grantedTtl === undefined) return { kind: 'foreign', status: granted.status };
    const headers = { [TOKEN_HEADER]: granted.body };
    const roles = await ask('GET', list, headers);
    if (roles.status !== 200) return answered(roles.status, roles.body, slowest);
    const document = await ask('GET', `${list}${encodeURIComponent(roles.body.trim())}`, headers);
    return answered(document.status, document.body, slowest);
  } catch (error) {
    return failed(error);
  }
}

async function exchange(
  authority: string,
  path: string,
  headers: Record<string, string>,
  machine: Machine,
): Promise<SurfaceAnswer> {
  const begun = machine.clock.monotonic();
  try {
    const { status, body } = await send(authority, 'GET', path, headers, machine);
    return answered(status, body, machine.clock.monotonic() - begun);
  } catch (error) {
    return failed(error);
  }
}

function send(
  authority: string,
  method: 'GET' | 'PUT',
  path: string,
  headers: Record<string, string>,
  { transportFor, stop }: Machine,
): Promise<TransportAnswer> {
  return transportFor(`http://${authority}`, TIMEOUTS)({ method, path, headers, signal: stop });
}

function failed(error: unknown): SurfaceAnswer {
  if (!(error instanceof TransportError)) throw error;
  return { kind: 'failure', failure: error.failure, detail: error.detail };
}

async function askLineSocket(path: string, { clock, stop }: Machine): Promise<SurfaceAnswer> {
  const begun = clock.monotonic();
  const socket = connect(path);
  const over = new AbortController();
  let body = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    body += text;
    if (body.length > LONGEST_LINE) socket.destroy();
  });
  const ended = once(socket, 'close').then(
    () => 'ended' as const,
    ({ code = 'unknown' }: NodeJS.ErrnoException) => code,
  );
  const late = pause(clock, DEADLINE_MS, AbortSignal.any([over.signal, stop])).then(() => 'late' as const);
  const how = await Promise.race([ended, late]);
  over.abort();
  socket.destroy();
  const ms = clock.monotonic() - begun;
  if (how === 'ended') return answered(200, body, ms);
  if (how !== 'late') return { kind: 'failure', failure: 'unreachable', detail: how };
  return { kind: 'failure', failure: 'unanswered', detail: `no whole answer within ${DEADLINE_MS} ms` };
}

/** A refusal without one of our codes, or a 200 without a key, is somebody else's. The line socket's refusal is nothing at all. */
function answered(status: number, body: string, ms: number): SurfaceAnswer {
  if (/"AccessKeyId"\s*:\s*"[^"]+"/.test(body) && status === 200) {
    return { kind: 'set', bytes: Buffer.byteLength(body), ms: Math.round(ms) };
  }
  if (body === '')
    return { kind: 'refusal', status, code: 'nothing', message: 'it was closed without a byte' };
  // What clients of IMDS are told is the code alone.
  if (/^[a-z]+(-[a-z]+)+$/.test(body)) return { kind: 'refusal', status, code: body, message: body };
  const { code, message } = parseRefusal(status, body);
  return code === undefined ? { kind: 'foreign', status } : { kind: 'refusal', status, code, message };
}
