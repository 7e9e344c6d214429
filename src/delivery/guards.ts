import type { IncomingMessage } from 'node:http';

/** Why a request is refused before any route runs. */
export interface GuardRefusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

type Guard = (request: IncomingMessage) => GuardRefusal | undefined;

/** Headers that only a browser or a forwarding proxy sends: a request that was made on somebody else's behalf. */
const FORWARDING_HEADERS = ['x-forwarded-for', 'forwarded', 'origin'];

/**
 * The guards of an HTTP surface, in the order in which they run. The first refusal is the answer.
 *
 * @param hosts the names that the `Host` header may carry, with or without a port
 */
export function guards(hosts: readonly string[]): Guard {
  const ordered: Guard[] = [originFormTarget, readOnlyMethod, knownHost(hosts), notForwarded];
  return (request) => {
    for (const guard of ordered) {
      const refusal = guard(request);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
}

/** `GET http://169.254.169.254/…` asks for a proxy, and this is none. */
function originFormTarget(request: IncomingMessage): GuardRefusal | undefined {
  if (request.url?.startsWith('/')) return undefined;
  return refuse(400, 'bad-target', 'The request target must be a path that begins with /.');
}

function readOnlyMethod(request: IncomingMessage): GuardRefusal | undefined {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  return refuse(405, 'method-not-allowed', 'Only GET and HEAD are answered here.');
}

/** A page that had its name rebound to this machine still sends its own name. */
function knownHost(hosts: readonly string[]): Guard {
  const allowed = new Set(hosts);
  return (request) => {
    const sent = request.headersDistinct.host;
    const host = sent?.length === 1 ? sent[0] : undefined;
    if (host !== undefined && allowed.has(host.replace(/:\d+$/, '').toLowerCase())) return undefined;
    return refuse(403, 'host-not-allowed', `The Host header must name one of: ${hosts.join(', ')}.`);
  };
}

function notForwarded(request: IncomingMessage): GuardRefusal | undefined {
  const names = Object.keys(request.headers);
  const found = names.find((name) => FORWARDING_HEADERS.includes(name) || name.startsWith('sec-fetch-'));
  if (found === undefined) return undefined;
  return refuse(403, 'forwarded-request', `Requests with the header ${found} are refused: ask directly.`);
}

function refuse(status: number, code: string, message: string): GuardRefusal {
  return { status, code, message };
}
