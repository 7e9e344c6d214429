import type { FindingId } from '../../../src/cli/doctor/finding.ts';
import type { FaultInput } from '../../../src/simulator/fault.ts';
import { configuration, deadEndpoint, deafEndpoint } from '../ill-machine.ts';
import { httpServer } from './http-server.ts';
import { type InducedFault, on } from './induced-fault.ts';

/** Without a set there is nothing to serve. */
const CAUSE_AND_EFFECT = ['not-served'] as const;

/** In what IMDS, the role and the clock can do. */
export const imdsFaults: readonly InducedFault[] = [
  {
    fault: 'IMDS: nobody listens there',
    says: 'imds-refused',
    also: CAUSE_AND_EFFECT,
    diagnose: async () => on({ endpoint: await deadEndpoint() }),
  },
  {
    fault: 'IMDS: packets are dropped',
    says: 'imds-connect-timeout',
    also: CAUSE_AND_EFFECT,
    async diagnose() {
      await using deaf = await deafEndpoint();
      return await on({ endpoint: deaf.url });
    },
  },
  imdsFault('IMDS: the token PUT is never answered', 'imds-hop-limit', { kind: 'black-hole', on: 'token' }),
  imdsFault('IMDS: 401 with every token', 'imds-token-refused', { kind: 'token-refused' }),
  imdsFault('IMDS: 403, HttpEndpoint disabled', 'imds-disabled', { kind: 'imds-disabled' }),
  imdsFault('IMDS: 503 to everything', 'imds-throttled', { kind: 'status', status: 503 }),
  imdsFault('IMDS: 418 to the list', 'imds-status', { kind: 'status', status: 418, on: 'list' }),
  imdsFault('IMDS: the document never comes', 'imds-slow', { kind: 'black-hole', on: 'document' }),
  imdsFault('IMDS: the document is no JSON', 'imds-malformed', { kind: 'malformed-json' }),
  imdsFault('IMDS: only an expired set', 'imds-expired-set', { kind: 'expired' }, ['life-extended']),
  imdsFault('role: the trust policy forgets EC2', 'trust-policy', {
    kind: 'code',
    code: 'AssumeRoleUnauthorizedAccess',
  }),
  imdsFault('role: another Code in its document', 'service-error', { kind: 'code', code: 'Unavailable' }),
  {
    fault: 'role: none attached',
    says: 'no-role',
    also: CAUSE_AND_EFFECT,
    diagnose: () => on({ instance: { role: null } }),
  },
  {
    fault: 'role: its instance profile was deleted',
    says: 'profile-deleted',
    also: CAUSE_AND_EFFECT,
    diagnose: () =>
      on({
        afflict(instance) {
          instance.setFault({ kind: 'status', status: 404, on: 'list' });
          instance.setFault({ kind: 'code', code: 'InstanceProfileNotFound', on: 'info' });
        },
      }),
  },
  {
    fault: 'role: its instance profile is empty',
    says: 'profile-without-role',
    also: CAUSE_AND_EFFECT,
    diagnose: () =>
      on({ afflict: (instance) => instance.setFault({ kind: 'status', status: 404, on: 'list' }) }),
  },
  {
    fault: 'role: its instance profile has another name',
    says: 'profile-named-otherwise',
    diagnose: () => on({ instance: { role: 'web', profile: 'web-servers' } }),
  },
  {
    fault: 'role: imds.role names another one',
    says: 'role-mismatch',
    also: CAUSE_AND_EFFECT,
    diagnose: () =>
      on({ config: (place) => configuration(place).replace('[imds]\n', '[imds]\nrole = "backup"\n') }),
  },
  imdsFault('clock: 90 s off', 'clock-skew', { kind: 'date-skew', ms: -90_000 }, []),
  imdsFault('clock: an hour off', 'clock-skew', { kind: 'date-skew', ms: 3_600_000 }, []),
  {
    fault: 'life: IMDS gives sets of 10 minutes',
    says: 'life-short',
    diagnose: () => on({ instance: { lifetimeMs: 600_000, rotateEveryMs: 300_000 } }),
  },
  {
    fault: 'time: IMDS takes 600 ms for the list',
    says: 'time-over',
    diagnose: () =>
      on({
        config: (place) => configuration(place).replace('"400ms"', '"5s"'),
        afflict: (instance) => instance.setFault({ kind: 'delay', ms: 600, on: 'list' }),
      }),
  },
  {
    fault: 'size: a session token of 9 kB',
    says: 'size-over',
    async diagnose() {
      await using imds = await imdsWithLongToken(9_000);
      return await on({ endpoint: imds.url });
    },
  },
];

function imdsFault(
  fault: string,
  says: FindingId,
  input: FaultInput,
  also: readonly FindingId[] = CAUSE_AND_EFFECT,
): InducedFault {
  return { fault, says, also, diagnose: () => on({ afflict: (instance) => instance.setFault(input) }) };
}

async function imdsWithLongToken(bytes: number) {
  return httpServer((path, method) => {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' };
    if (method === 'PUT') return { body: 'EXAMPLETOKEN', headers };
    if (path.endsWith('security-credentials/')) return { body: 'web', headers };
    if (!path.endsWith('/web')) return { body: '', status: 404, headers };
    const document = {
      Code: 'Success',
      AccessKeyId: 'ASIAIOSFODNN7EXAMPLE',
      SecretAccessKey: 'EXAMPLE',
      Token: 'EXAMPLE'.padEnd(bytes, '='),
      Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString().replace(/\.\d+/, ''),
    };
    return { body: JSON.stringify(document), headers };
  });
}
