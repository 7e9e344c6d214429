import { credentialDocument, identityDocument, instanceProfileDocument } from './documents.ts';
import type { SimulatedInstance } from './instance.ts';
import { errorPage, plainText, type Reply } from './reply.ts';
import type { Route } from './routes.ts';

/** What of a request decides its answer. */
export interface MetadataRequest {
  readonly method: string;
  readonly target: string;
  readonly route: Route;
  /** The metadata token presented; undefined when there was no such header. */
  readonly token: string | undefined;
  /** The TTL header of a token request, as it came. */
  readonly requestedTtl: string | undefined;
  readonly forwardedFor: boolean;
}

const ttlHeader = 'X-aws-ec2-metadata-token-ttl-seconds';
const longestTtl = 21_600;

/** What IMDS says to a request when nothing is wrong with IMDS itself. */
export function answer(instance: SimulatedInstance, request: MetadataRequest): Reply {
  if (!request.target.startsWith('/')) return errorPage(400);
  return request.route.kind === 'token' ? answerToken(instance, request) : answerRead(instance, request);
}

function answerToken(instance: SimulatedInstance, request: MetadataRequest): Reply {
  if (request.method !== 'PUT') return errorPage(405, { Allow: 'PUT' });
  if (isDisabled(instance) || request.route.dated || request.forwardedFor) return errorPage(403);
  const ttl = /^\d{1,5}$/.test(request.requestedTtl ?? '') ? Number(request.requestedTtl) : 0;
  if (ttl < 1 || ttl > longestTtl) return errorPage(400);
  return plainText(instance.metadataTokens.issue(ttl), { [ttlHeader]: `${ttl}` });
}

/** With `optional` a read needs no token, but one that is presented must be good. */
function answerRead(instance: SimulatedInstance, request: MetadataRequest): Reply {
  if (request.method !== 'GET' && request.method !== 'HEAD') return errorPage(405, { Allow: 'GET, HEAD' });
  if (isDisabled(instance)) return errorPage(403);
  if (request.token === undefined) {
    return instance.metadataOptions().httpTokens === 'optional'
      ? read(instance, request.route)
      : errorPage(401);
  }
  const remaining = instance.metadataTokens.remainingSeconds(request.token);
  if (remaining === undefined) return errorPage(401);
  const reply = read(instance, request.route);
  return { ...reply, headers: { ...reply.headers, [ttlHeader]: `${remaining}` } };
}

function isDisabled(instance: SimulatedInstance): boolean {
  return instance.metadataOptions().httpEndpoint === 'disabled';
}

function read(instance: SimulatedInstance, route: Route): Reply {
  if (route.kind === 'document') return readDocument(instance, route.roleName);
  const body = bodyOf(instance, route.item);
  return body === undefined ? errorPage(404) : plainText(body);
}

function readDocument(instance: SimulatedInstance, roleName: string | undefined): Reply {
  const set = instance.roleName() === roleName ? instance.currentSet() : undefined;
  return set === undefined ? errorPage(404) : { ...plainText(credentialDocument(set)), set };
}

function bodyOf(instance: SimulatedInstance, item: string | undefined): string | undefined {
  const { identity } = instance;
  switch (item) {
    case 'meta-data/iam/security-credentials':
    case 'meta-data/iam/security-credentials/':
      return instance.roleName() ?? undefined;
    case 'meta-data/iam/info':
      return profileDocument(instance);
    case 'dynamic/instance-identity/document':
      return identityDocument(identity);
    case 'meta-data/placement/region':
      return identity.region;
    case 'meta-data/placement/availability-zone':
      return identity.availabilityZone;
    case 'meta-data/placement/availability-zone-id':
      return identity.availabilityZoneId;
    case 'meta-data/instance-id':
      return identity.instanceId;
    case 'meta-data/services/partition':
      return identity.partition;
    case 'meta-data/services/domain':
      return identity.domain;
    default:
      return undefined;
  }
}

/** Without a role the whole `iam/` subtree is absent. */
function profileDocument(instance: SimulatedInstance): string | undefined {
  const profileName = instance.profileName();
  const set = instance.currentSet();
  if (profileName === null || set === undefined) return undefined;
  return instanceProfileDocument(instance.identity, profileName, set.issuedAt);
}
