import type { FaultKind } from './fault.ts';
import { type RequestKind, requestKinds } from './routes.ts';

export interface FaultRule {
  /** One line for people. */
  readonly does: string;
  /** The kinds of request it can be for; `all` means these. None: it is about the instance, not about requests. */
  readonly on: readonly RequestKind[];
  /** The kinds it is for when none is named. */
  readonly byDefault: readonly RequestKind[];
  /** The member that carries its value, and whether it must be there. `message` is beside the value, not it. */
  readonly value?: { readonly name: string; readonly required: boolean; readonly rule: string };
}

const every = requestKinds;
const reads: readonly RequestKind[] = ['list', 'document', 'info', 'other'];
const documents: readonly RequestKind[] = ['document', 'info'];
const document: readonly RequestKind[] = ['document'];

export const documentFields: readonly string[] = [
  ...['Code', 'LastUpdated', 'Type', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'],
  ...['InstanceProfileArn', 'InstanceProfileId'],
];

const milliseconds = 'a whole number of milliseconds above 0, at most 86400000';

export const faultRules: Readonly<Record<FaultKind, FaultRule>> = {
  delay: {
    does: 'answers so much later',
    on: every,
    byDefault: every,
    value: { name: 'ms', required: true, rule: milliseconds },
  },
  'black-hole': { does: 'takes the request and never answers', on: every, byDefault: every },
  reset: { does: 'resets the connection instead of answering', on: every, byDefault: every },
  status: {
    does: 'answers with this HTTP status',
    on: every,
    byDefault: every,
    value: {
      name: 'status',
      required: true,
      rule: 'a whole number from 200 to 599, except 204, 205 and 304, which have no body',
    },
  },
  redirect: {
    does: 'answers 302',
    on: every,
    byDefault: every,
    value: { name: 'location', required: false, rule: 'a path on this server, beginning with one /' },
  },
  'imds-disabled': { does: 'answers 403, as with HttpEndpoint disabled', on: every, byDefault: every },
  'token-refused': { does: 'answers 401 whatever token is presented', on: reads, byDefault: reads },
  code: {
    does: 'answers 200 with a document that has this Code and no credentials',
    on: documents,
    byDefault: document,
    value: { name: 'code', required: true, rule: '1 to 64 letters, digits, dots, dashes or underscores' },
  },
  'malformed-json': { does: 'sends a document that is not JSON', on: documents, byDefault: document },
  'truncated-json': {
    does: 'sends the first part of a document as if it were whole',
    on: documents,
    byDefault: document,
  },
  'truncated-connection': {
    does: 'closes the connection in the middle of the body',
    on: every,
    byDefault: document,
  },
  'empty-body': { does: 'answers 200 with nothing', on: every, byDefault: document },
  'missing-field': {
    does: 'leaves this field out',
    on: documents,
    byDefault: document,
    value: { name: 'field', required: true, rule: `one of ${documentFields.join(', ')}` },
  },
  'empty-expiration': { does: 'sends "" as the Expiration', on: document, byDefault: document },
  'fractional-expiration': {
    does: 'sends an Expiration with milliseconds',
    on: document,
    byDefault: document,
  },
  'oversized-body': { does: 'sends a body of more than 64 KiB', on: every, byDefault: document },
  expired: { does: 'sends a set that expired a minute ago', on: document, byDefault: document },
  'date-skew': {
    does: 'shifts the Date header',
    on: every,
    byDefault: every,
    value: {
      name: 'ms',
      required: true,
      rule: 'a whole number of milliseconds, not 0, at most a year either way',
    },
  },
  frozen: {
    does: 'stops the rotation, so that the set runs out (control-plane outage)',
    on: [],
    byDefault: [],
  },
};

export const faultKinds = Object.keys(faultRules) as readonly FaultKind[];
