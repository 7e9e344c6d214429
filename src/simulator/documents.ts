import { formatTimestamp } from '../domain/timestamps.ts';
import type { IssuedSet } from './credential-set.ts';
import type { InstanceIdentity } from './identity.ts';

/** The three JSON documents of IMDS that the simulator knows, as text. */

export function credentialDocument(set: IssuedSet): string {
  return pretty({
    Code: 'Success',
    LastUpdated: formatTimestamp(set.issuedAt),
    Type: 'AWS-HMAC',
    AccessKeyId: set.accessKeyId,
    SecretAccessKey: set.secretAccessKey,
    Token: set.sessionToken,
    Expiration: formatTimestamp(set.expiration),
  });
}

export function instanceProfileDocument(
  identity: InstanceIdentity,
  profileName: string,
  lastUpdated: number,
): string {
  return pretty({
    Code: 'Success',
    LastUpdated: formatTimestamp(lastUpdated),
    InstanceProfileArn: `arn:${identity.partition}:iam::${identity.accountId}:instance-profile/${profileName}`,
    InstanceProfileId: 'AIPAQ3EXAMPLEPROFILE1',
  });
}

export function identityDocument(identity: InstanceIdentity): string {
  return pretty({
    accountId: identity.accountId,
    architecture: 'x86_64',
    availabilityZone: identity.availabilityZone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: 'ami-0123456789abcdef0',
    instanceId: identity.instanceId,
    instanceType: 't3.micro',
    kernelId: null,
    pendingTime: formatTimestamp(identity.bootedAt),
    privateIp: '10.0.0.10',
    ramdiskId: null,
    region: identity.region,
    version: '2017-09-30',
  });
}

/** Lines as IMDS sends them: people look at these with curl. */
export function pretty(document: object): string {
  return JSON.stringify(document, undefined, 2);
}
