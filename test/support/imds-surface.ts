import type { RequestListener } from 'node:http';
import { type ImdsEndpointParts, imdsEndpoint } from '../../src/delivery/imds-endpoint.ts';
import type { IssuedTokens } from '../../src/delivery/issued-tokens.ts';
import type { MetadataAnswer } from '../../src/domain/metadata-reader.ts';
import { openGate } from './gate.ts';
import type { ServedStore } from './surface.ts';

export const TOKEN_PATH = '/latest/api/token';
export const LIST = '/latest/meta-data/iam/security-credentials/';
export const TTL = 'X-aws-ec2-metadata-token-ttl-seconds';
export const TOKEN = { 'X-aws-ec2-metadata-token': 'EXAMPLE-issued-token' };

/** Knows one token, which has 300 s left. */
export const issuedTokens: IssuedTokens = {
  issue: (ttl) => `EXAMPLE-issued-for-${ttl}`,
  remainingSeconds: (token) => (token === 'EXAMPLE-issued-token' ? 300 : undefined),
};

export const metadata = {
  read(item: string): Promise<MetadataAnswer> | undefined {
    const known: Record<string, MetadataAnswer> = {
      'meta-data/placement/region': { found: 'eu-central-1' },
      'meta-data/placement/availability-zone-id': 'absent',
      'meta-data/instance-id': 'unavailable',
      'meta-data/iam/info': { found: '{"Code":"Success"}' },
    };
    return item in known ? Promise.resolve(known[item] ?? 'absent') : undefined;
  },
};

export function endpoint(
  { store, clock }: ServedStore,
  parts: Partial<ImdsEndpointParts> = {},
): RequestListener {
  return imdsEndpoint({
    reader: store.reader,
    issuedTokens,
    metadata,
    tokenlessUids: new Set(),
    gate: openGate(),
    clock,
    ...parts,
  });
}
