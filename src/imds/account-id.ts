import { type Clock, pause } from '../domain/ports.ts';
import type { MetadataRead } from './metadata-read.ts';

const INSTANCE_PROFILE_PATH = '/latest/meta-data/iam/info';
const IDENTITY_DOCUMENT_PATH = '/latest/dynamic/instance-identity/document';

const PROFILE_ARN_ACCOUNT = /^arn:[^:]+:iam::(\d{12}):instance-profile\//;
const ACCOUNT = /^(\d{12})$/;

/** How much longer than its credentials a check may take for the account id. */
const GRACE_MS = 250;
/** An instance whose IMDS has neither document is asked this often in a row, then only at this interval. */
const EAGER_FAILURES = 3;
const PATIENT_INTERVAL_MS = 10 * 60_000;

/**
 * The account of the attached role: welcome and never needed, so that asking for it can delay a check by 250 ms at most
 * and cannot fail it. Known once per role name, since nothing about it changes.
 */
export interface AccountIds {
  /**
   * Begins to ask if the id is not known and is due, beside what else the check does. The function it returns waits
   * for what comes of it; it never rejects. Aborting the signal ends the asking.
   */
  ask(roleName: string, signal: AbortSignal): () => Promise<string | undefined>;
}

interface Known {
  readonly roleName: string;
  readonly accountId: string | undefined;
  readonly failures: number;
  /** Monotonic ms. */
  readonly askedAt: number;
}

const NEVER_ASKED: Omit<Known, 'roleName'> = { accountId: undefined, failures: 0, askedAt: 0 };

/** `clock` is for the pace of asking, `networkClock` for the grace. `read` should try once: the next check asks again. */
export function createAccountIds(read: MetadataRead, clock: Clock, networkClock: Clock): AccountIds {
  let known: Known | undefined;

  return {
    ask(roleName, signal) {
      const before = known?.roleName === roleName ? known : NEVER_ASKED;
      const askedAt = clock.monotonic();
      const patient = before.failures >= EAGER_FAILURES;
      const tooSoon = patient && askedAt - before.askedAt < PATIENT_INTERVAL_MS;
      if (before.accountId !== undefined || tooSoon) return async () => before.accountId;

      const asking = readAccountId(read, signal).catch(() => undefined);
      return async () => {
        const accountId = await Promise.race([asking, pause(networkClock, GRACE_MS, signal)]);
        known = { roleName, accountId: accountId ?? undefined, failures: before.failures + 1, askedAt };
        return known.accountId;
      };
    },
  };
}

async function readAccountId(read: MetadataRead, signal: AbortSignal): Promise<string | undefined> {
  return (
    (await read(INSTANCE_PROFILE_PATH, signal).then(fromProfile, () => undefined)) ??
    fromIdentity(await read(IDENTITY_DOCUMENT_PATH, signal))
  );
}

function fromProfile(text: string | undefined): string | undefined {
  return accountIn(field(text, 'InstanceProfileArn'), PROFILE_ARN_ACCOUNT);
}

function fromIdentity(text: string | undefined): string | undefined {
  return accountIn(field(text, 'accountId'), ACCOUNT);
}

function accountIn(value: unknown, shape: RegExp): string | undefined {
  return typeof value === 'string' ? shape.exec(value)?.[1] : undefined;
}

/** Of untrusted JSON. */
function field(text: string | undefined, name: string): unknown {
  try {
    return (JSON.parse(text ?? '') as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
