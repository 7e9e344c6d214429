import { nearest } from './nearest.ts';
import { type Parsed, quoted, type ValueType } from './value-types.ts';

/** `auto`, one of IMDS's two fixed addresses, or an origin without a trailing slash. */
export type ImdsEndpoint = EndpointMode | HttpOrigin;
export type EndpointMode = 'auto' | 'ipv4' | 'ipv6';
export type HttpOrigin = `http://${string}`;

const modes: readonly EndpointMode[] = ['auto', 'ipv4', 'ipv6'];

export const imdsEndpoint: ValueType<ImdsEndpoint> = {
  fileKind: 'string',
  rule: 'must be auto, ipv4, ipv6 or http://HOST[:PORT]',
  parse(text) {
    const mode = modes.find((each) => each === text);
    if (mode !== undefined) return { ok: true, value: mode };
    if (text.includes(':')) return httpOrigin.parse(text);
    const meant = nearest(text.toLowerCase(), modes);
    const nextStep = meant === undefined ? 'Write one of these.' : `Did you mean ${meant}?`;
    return { ok: false, rule: imdsEndpoint.rule, nextStep };
  },
  format: quoted,
};

/** What AWS_EC2_METADATA_SERVICE_ENDPOINT may hold: an address only. */
export const httpOrigin: ValueType<HttpOrigin> = {
  fileKind: 'string',
  rule: 'must be http://HOST[:PORT]',
  parse(text) {
    if (/^https:/i.test(text)) {
      return refused('must not use https: IMDS speaks plain HTTP only', 'Write http:// instead of https://.');
    }
    if (!/^http:\/\/[^/]/i.test(text)) return refused(httpOrigin.rule, 'Begin it with http:// and a host.');
    if (text.includes('@'))
      return refused('must not hold a user or password', 'Remove everything up to the @.');
    if (/[?#]/.test(text))
      return refused('must not have a query or fragment', 'Remove it from the ? or # on.');
    if (!/^http:\/\/[^/]+\/?$/i.test(text)) {
      return refused(
        'must not have a path: rolekeeper adds the paths of IMDS itself',
        'End it after the port.',
      );
    }
    return originOf(text);
  },
  format: quoted,
};

/** What AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE may hold; most SDKs ignore its case. */
export const awsEndpointMode: ValueType<EndpointMode> = {
  fileKind: 'string',
  rule: 'must be IPv4 or IPv6',
  parse(text) {
    const mode = text.toLowerCase();
    if (mode === 'ipv4' || mode === 'ipv6') return { ok: true, value: mode };
    return refused(awsEndpointMode.rule, 'Write one of the two.');
  },
  format: quoted,
};

/** The URL parser repairs what it can (http://0x7f.1 becomes 127.0.0.1): what it would repair is refused. */
function originOf(text: string): Parsed<HttpOrigin> {
  const host = text.slice('http://'.length).replace(/\/$/, '').toLowerCase();
  const url = /[\s\\\p{Cc}]/u.test(host) ? null : URL.parse(`http://${host}`);
  const untouched = host.startsWith('[') || host === url?.host || host === `${url?.hostname}:80`;
  if (url !== null && untouched && url.port !== '0') return { ok: true, value: `http://${url.host}` };
  return refused(
    `${httpOrigin.rule}, with a valid host and a port from 1 to 65535`,
    'Correct the host or the port; an IPv6 address needs brackets: http://[fd00:ec2::254].',
  );
}

function refused(rule: string, nextStep: string): Parsed<never> {
  return { ok: false, rule, nextStep };
}
