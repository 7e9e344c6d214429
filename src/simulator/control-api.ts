import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatTimestamp } from '../domain/timestamps.ts';
import { applyControlCommand, readControlCommand } from './control-command.ts';
import type { IssuedSet } from './credential-set.ts';
import { InputError } from './input-error.ts';
import type { SimulatedInstance } from './instance.ts';
import type { RequestLog } from './request-log.ts';

/** The way to look at and to change a running simulator from outside. It is no part of IMDS. */

export interface ControlWorld {
  readonly instance: SimulatedInstance;
  readonly requests: RequestLog;
}

interface ControlReply {
  readonly status: number;
  readonly document: object;
}

const largestCommand = 65_536;
const operations = [
  'POST /_control',
  'GET /_control/state',
  'GET /_control/sets',
  'GET /_control/requests',
  'DELETE /_control/requests',
];

export function isControlTarget(target: string): boolean {
  return /^\/_control(?:[/?]|$)/.test(target);
}

export async function handleControlRequest(
  world: ControlWorld,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reply = await controlReply(world, incoming);
  const body = `${JSON.stringify(reply.document, undefined, 2)}\n`;
  response.writeHead(reply.status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  });
  response.end(body);
}

async function controlReply(world: ControlWorld, incoming: IncomingMessage): Promise<ControlReply> {
  const path = (incoming.url ?? '').replace(/\/?(?:\?.*)?$/s, '');
  const body = await readBody(incoming);
  switch (`${incoming.method} ${path}`) {
    case 'POST /_control':
      return command(world, body);
    case 'GET /_control/state':
      return { status: 200, document: state(world) };
    case 'GET /_control/sets':
      return { status: 200, document: world.instance.issuedSets().map(datedSet) };
    case 'GET /_control/requests':
      return { status: 200, document: world.requests.all().map(datedRequest) };
    case 'DELETE /_control/requests':
      world.requests.clear();
      return { status: 200, document: state(world) };
    default:
      return refusal(404, `No ${incoming.method} ${path} here: there are ${operations.join(', ')}`);
  }
}

/** The text sent with the request; undefined when there is more of it than any command needs. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size <= largestCommand) chunks.push(chunk);
  }
  return size <= largestCommand ? Buffer.concat(chunks).toString('utf8') : undefined;
}

function command(world: ControlWorld, body: string | undefined): ControlReply {
  if (body === undefined) return refusal(413, `A control request has at most ${largestCommand} bytes`);
  try {
    applyControlCommand(world.instance, readControlCommand(parsed(body)));
  } catch (error) {
    if (error instanceof InputError) return refusal(400, error.message);
    throw error;
  }
  return { status: 200, document: state(world) };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new InputError('The control request must be JSON, such as {"rotate":true}');
  }
}

function refusal(status: number, error: string): ControlReply {
  return { status, document: { error } };
}

function state({ instance, requests }: ControlWorld): object {
  const set = instance.currentSet();
  return {
    role: instance.roleName(),
    profile: instance.profileName(),
    ...instance.metadataOptions(),
    currentSet: set === undefined ? null : datedSummary(set),
    metadataTokens: instance.metadataTokens.count(),
    faults: instance.faults(),
    requests: requests.counts(),
  };
}

function datedSummary({ accessKeyId, issuedAt, expiration }: IssuedSet): object {
  return { accessKeyId, issuedAt: formatTimestamp(issuedAt), expiration: formatTimestamp(expiration) };
}

function datedSet(set: IssuedSet): object {
  const firstServedAt = set.firstServedAt === undefined ? null : formatTimestamp(set.firstServedAt);
  return { ...set, ...datedSummary(set), firstServedAt };
}

function datedRequest<Request extends { readonly at: number }>(request: Request): object {
  return { ...request, at: new Date(request.at).toISOString() };
}
