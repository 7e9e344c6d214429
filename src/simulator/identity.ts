import type { EpochMs } from '../domain/ports.ts';

/** Who and where the instance is. All made up. */
export interface InstanceIdentity {
  readonly accountId: string;
  readonly region: string;
  readonly availabilityZone: string;
  readonly availabilityZoneId: string;
  readonly instanceId: string;
  readonly partition: string;
  readonly domain: string;
  readonly bootedAt: EpochMs;
}

export type IdentityOptions = Partial<Omit<InstanceIdentity, 'bootedAt'>>;

export function instanceIdentity(options: IdentityOptions, bootedAt: EpochMs): InstanceIdentity {
  const region = options.region ?? 'eu-central-1';
  return {
    accountId: options.accountId ?? '111122223333',
    region,
    availabilityZone: options.availabilityZone ?? `${region}a`,
    availabilityZoneId: options.availabilityZoneId ?? 'euc1-az2',
    instanceId: options.instanceId ?? 'i-0123456789abcdef0',
    partition: options.partition ?? 'aws',
    domain: options.domain ?? 'amazonaws.com',
    bootedAt,
  };
}
