import { formatTimestamp } from '../domain/timestamps.ts';
import { answer, type MetadataRequest } from './answer.ts';
import { credentialDocument, pretty } from './documents.ts';
import type { FaultOf } from './fault.ts';
import type { SimulatedInstance } from './instance.ts';
import { errorPage, type Reply } from './reply.ts';

const instead = ['status', 'redirect', 'imds-disabled', 'token-refused'] as const;
const damaging = [
  ...(['code', 'malformed-json', 'truncated-json', 'truncated-connection', 'empty-body'] as const),
  ...(['missing-field', 'empty-expiration', 'fractional-expiration', 'oversized-body', 'expired'] as const),
] as const;

export interface FaultyAnswer {
  readonly reply: Reply;
  /** The fault that made it what it is; undefined for IMDS's own answer. */
  readonly fault: string | undefined;
}

/**
 * The answer with the instance's faults in it. A fault that answers instead of IMDS comes first; one that damages the
 * body meets only an answer that would have been 200, and does not count against its `times` otherwise.
 */
export function faultyAnswer(
  instance: SimulatedInstance,
  request: MetadataRequest,
  now: number,
): FaultyAnswer {
  const replacement = instance.takeFault(instead, request.route.kind);
  if (replacement !== undefined) return { reply: replacementReply(replacement), fault: replacement.kind };
  const reply = answer(instance, request);
  if (reply.status !== 200) return { reply, fault: undefined };
  const damage = instance.takeFault(damaging, request.route.kind);
  if (damage === undefined) return { reply, fault: undefined };
  return { reply: { ...reply, ...damaged(instance, reply, damage, now) }, fault: damage.kind };
}

function replacementReply(fault: FaultOf<(typeof instead)[number]>): Reply {
  switch (fault.kind) {
    case 'status':
      return errorPage(fault.status);
    case 'redirect':
      return errorPage(302, { Location: fault.location });
    case 'imds-disabled':
      return errorPage(403);
    case 'token-refused':
      return errorPage(401);
  }
}

function damaged(
  instance: SimulatedInstance,
  { body, set }: Reply,
  fault: FaultOf<(typeof damaging)[number]>,
  now: number,
): Pick<Reply, 'body' | 'set' | 'cutAfter'> {
  const expired = fault.kind === 'expired' ? instance.expiredSet() : undefined;
  switch (fault.kind) {
    case 'code': {
      const error = { Code: fault.code, Message: fault.message, LastUpdated: formatTimestamp(now) };
      return { body: pretty(error), set: undefined };
    }
    case 'malformed-json':
      return { body: body.replace(':', ' =') };
    case 'truncated-json':
      return { body: firstPart(body) };
    case 'truncated-connection':
      return { body, cutAfter: firstPart(body).length };
    case 'empty-body':
      return { body: '', set: undefined };
    case 'missing-field':
      return { body: edited(body, (document) => delete document[fault.field]) };
    case 'empty-expiration':
      return { body: edited(body, (document) => (document.Expiration = '')) };
    case 'fractional-expiration':
      return {
        body: edited(body, (document) => {
          document.Expiration = `${document.Expiration}`.replace('Z', '.250Z');
        }),
      };
    case 'oversized-body':
      return { body: oversized(body) };
    case 'expired':
      return expired === undefined ? { body, set } : { body: credentialDocument(expired), set: expired };
  }
}

function firstPart(body: string): string {
  return body.slice(0, Math.floor(body.length * 0.6));
}

function edited(body: string, change: (document: Record<string, unknown>) => void): string {
  const document: Record<string, unknown> = JSON.parse(body);
  change(document);
  return pretty(document);
}

/** Still right in every other way: only a reader that counts bytes refuses it. */
function oversized(body: string): string {
  const padding = 'x'.repeat(65_536);
  return body.startsWith('{')
    ? edited(body, (document) => (document.Padding = padding))
    : `${body}\n${padding}`;
}
