import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Log } from '../domain/ports.ts';
import type { MetadataRequest } from './answer.ts';
import { faultyAnswer } from './faulty-answer.ts';
import type { SimulatedInstance } from './instance.ts';
import type { RequestLog, RequestRecord } from './request-log.ts';
import { routeOf } from './routes.ts';
import { send } from './send.ts';

export interface ExchangeWorld {
  readonly instance: SimulatedInstance;
  readonly clock: Clock;
  readonly log: Log;
  readonly requests: RequestLog;
}

/**
 * One request to the metadata service, from arrival to the last byte: delay, then a connection that breaks or
 * is left hanging, then an answer. It is taken down on arrival, and logged once it is known what becomes of it.
 */
export function handleMetadataRequest(
  world: ExchangeWorld,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  incoming.resume();
  const request = metadataRequest(incoming);
  const { kind } = request.route;
  const settle = settler(world, recordOf(world, incoming, request));
  const delay = world.instance.takeFault(['delay'], kind);
  if (delay === undefined) {
    proceed([]);
    return;
  }
  const cancel = world.clock.setTimer(delay.ms, () => proceed(['delay']));
  response.once('close', () => {
    cancel();
    settle(null, ['delay']);
  });

  function proceed(met: readonly string[]): void {
    const broken = world.instance.takeFault(['black-hole', 'reset'], kind);
    if (broken !== undefined) {
      settle(null, [...met, broken.kind]);
      if (broken.kind === 'reset') response.socket?.resetAndDestroy();
      return;
    }
    reply(met);
  }

  function reply(met: readonly string[]): void {
    const now = world.clock.now();
    const { reply, fault } = faultyAnswer(world.instance, request, now);
    const skew = world.instance.takeFault(['date-skew'], kind);
    if (reply.set !== undefined && request.method === 'GET') world.instance.markServed(reply.set);
    settle(reply.status, [...met, ...(fault ? [fault] : []), ...(skew ? [skew.kind] : [])]);
    send(response, reply, now + (skew?.ms ?? 0));
  }
}

function metadataRequest(incoming: IncomingMessage): MetadataRequest {
  const target = incoming.url ?? '';
  return {
    method: incoming.method ?? '',
    target,
    route: routeOf(target),
    token: header(incoming, 'x-aws-ec2-metadata-token'),
    requestedTtl: header(incoming, 'x-aws-ec2-metadata-token-ttl-seconds'),
    forwardedFor: header(incoming, 'x-forwarded-for') !== undefined,
  };
}

function header(incoming: IncomingMessage, name: string): string | undefined {
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function recordOf(world: ExchangeWorld, incoming: IncomingMessage, request: MetadataRequest): RequestRecord {
  return {
    at: world.clock.now(),
    method: request.method,
    path: request.target,
    kind: request.route.kind,
    status: null,
    userAgent: incoming.headers['user-agent'],
    host: incoming.headers.host,
    token: tokenState(world.instance, request.token),
    requestedTtl: request.requestedTtl,
    forwardedFor: request.forwardedFor,
    faults: [],
  };
}

function tokenState(instance: SimulatedInstance, token: string | undefined): RequestRecord['token'] {
  if (token === undefined) return 'absent';
  return instance.metadataTokens.remainingSeconds(token) === undefined ? 'invalid' : 'valid';
}

/** Takes the first outcome of a request, and logs it: never a token, neither one presented nor one given out. */
function settler(world: ExchangeWorld, record: RequestRecord) {
  const settle = world.requests.add(record);
  let settled = false;
  return (status: number | null, faults: readonly string[]): void => {
    if (settled) return;
    settled = true;
    settle({ status, faults });
    world.log.info('Simulated IMDS saw a request', {
      method: record.method,
      path: record.path,
      status: status ?? 'none',
      userAgent: record.userAgent,
      faults: faults.length > 0 ? faults.join(' ') : undefined,
    });
  };
}
