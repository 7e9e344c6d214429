import type { IncomingMessage } from 'node:http';
import { andThen, type Soon } from '../domain/soon.ts';
import { onlyHeader } from './headers.ts';
import type { HttpRefusal } from './reply.ts';

/** Why a request is refused before any route runs; undefined lets it pass. */
export type Guard = (request: IncomingMessage) => Soon<HttpRefusal | undefined>;

/** Headers that only a browser or a forwarding proxy sends: a request that was made on somebody else's behalf. */
const FORWARDING_HEADERS = new Set(['forwarded', 'origin', 'referer', 'via']);
const FORWARDING_PREFIXES = ['x-forwarded-', 'sec-fetch-'];
/** The global `fetch` of Node sends this one alone; a browser never does without `Sec-Fetch-Site`. */
const NODES_OWN = 'sec-fetch-mode';

/**
 * What every HTTP surface asks of a request, in this order, before its own guards. The number of connections is bounded
 * earlier, in `http-surface.ts`; who may ask is for the surface to say, after these.
 *
 * @param hosts what the `Host` header may name, with or without a port; an IPv6 address in brackets
 */
export function commonGuards(
  hosts: readonly string[],
  methods: readonly string[] = ['GET', 'HEAD'],
): readonly Guard[] {
  return [knownVersion, originFormTarget, allowedMethod(methods), knownHost(hosts), notForwarded];
}

/** The first refusal of the guards, in their order. */
export function firstRefusal(
  guards: readonly Guard[],
  request: IncomingMessage,
  from = 0,
): Soon<HttpRefusal | undefined> {
  for (let at = from; at < guards.length; at++) {
    const refusal = guards[at]?.(request);
    if (refusal instanceof Promise) {
      return andThen(refusal, (found) => found ?? firstRefusal(guards, request, at + 1));
    }
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The parser also takes HTTP/0.9 and HTTP/2.0 on the request line, which nobody means. */
function knownVersion({ httpVersion }: IncomingMessage): HttpRefusal | undefined {
  if (httpVersion === '1.1' || httpVersion === '1.0') return undefined;
  return refuse(505, 'http-version', 'The request must be HTTP/1.1 or HTTP/1.0.');
}

/** `GET http://169.254.169.254/…` asks for a proxy, and this is none. */
function originFormTarget(request: IncomingMessage): HttpRefusal | undefined {
  if (request.url?.startsWith('/')) return undefined;
  return refuse(400, 'bad-target', 'The request target must be a path that begins with /.');
}

function allowedMethod(methods: readonly string[]): Guard {
  return ({ method = '' }) => (methods.includes(method) ? undefined : methodNotAllowed(methods));
}

export function methodNotAllowed(methods: readonly string[]): HttpRefusal {
  const message = `Only ${methods.join(', ')} can be answered here.`;
  return refuse(405, 'method-not-allowed', message, { Allow: methods.join(', ') });
}

/** A page that had its name rebound to this machine still sends its own name. The address we are at is a right one too. */
function knownHost(hosts: readonly string[]): Guard {
  const allowed = new Set(hosts);
  let lastGood: string | undefined;
  return (request) => {
    const sent = onlyHeader(request, 'host');
    if (sent === undefined) return refuse(400, 'bad-host', 'The request must have one Host header.');
    if (sent === lastGood) return undefined;
    const host = sent.replace(/:\d{1,5}$/, '').toLowerCase();
    if (allowed.has(host)) {
      lastGood = sent;
      return undefined;
    }
    if (host === request.socket.localAddress) return undefined;
    return refuse(403, 'host-not-allowed', `The Host header must name one of: ${hosts.join(', ')}.`);
  };
}

function notForwarded(request: IncomingMessage): HttpRefusal | undefined {
  let found: string | undefined;
  let count = 0;
  for (const name in request.headers) {
    if (!isForwarding(name)) continue;
    found ??= name;
    count += 1;
  }
  if (found === undefined || (found === NODES_OWN && count === 1)) return undefined;
  return refuse(403, 'forwarded-request', `Requests with the header ${found} are refused: ask directly.`);
}

function isForwarding(name: string): boolean {
  return FORWARDING_HEADERS.has(name) || FORWARDING_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function refuse(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpRefusal {
  return { status, code, message, headers };
}
