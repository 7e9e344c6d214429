import { keyIdTail } from '../domain/credentials.ts';
import type { SourceErrorKind } from '../domain/errors.ts';
import type { Held, LifeState } from '../domain/life-state.ts';
import type { Clock, Log } from '../domain/ports.ts';
import { MANDATORY_WINDOW_MS } from '../domain/refresh-policy.ts';
import { formatTimestamp } from '../domain/timestamps.ts';
import type { Change } from './credential-store.ts';

/** A skew above this breaks AWS's signatures soon (they allow 5 minutes), so people should know. */
const SKEW_WORTH_TELLING_MS = 60_000;
/** Told to be over below this only: the `Date` header has whole seconds, and a skew at the limit would come and go. */
const SKEW_OVER_MS = 30_000;

/**
 * Writes the life of the credentials into the log: one line for each change of state, none for a retry, so that an
 * outage of a week is two lines. Levels: `info` for what is expected to happen to a role, `warn` for what someone
 * should look at while consumers are still served, `error` for consumers who are served no more.
 */
export function createJournal(log: Log, clock: Clock): (change: Change) => void {
  const reported = new Set<SourceErrorKind>();
  let lastServed: Held | undefined;
  let late: Held | undefined;
  let skewed = false;

  return (change) => {
    tellTrouble(change);
    tellServed(change);
    tellLateSet(change.after);
    tellSkew(change.after);
  };

  function tellTrouble({ after: { trouble, absence }, served }: Change): void {
    if (trouble === undefined) {
      if (reported.size > 0) log.info('IMDS answers again');
      reported.clear();
    } else if (!reported.has(trouble.kind)) {
      reported.add(trouble.kind);
      const isWaitingForRole = absence !== undefined;
      log[isWaitingForRole ? 'info' : 'warn'](trouble.message, {
        reason: trouble.kind,
        ...servedUntil(served),
      });
    }
  }

  function tellServed({ after, served }: Change): void {
    const before = lastServed;
    if (served === before) return;
    lastServed = served;
    if (served !== undefined) tellNew(before, served, after.trouble?.kind);
    else if (before !== undefined) tellEnd(before, after);
  }

  function tellNew(before: Held | undefined, served: Held, trouble: SourceErrorKind | undefined): void {
    const fields = { ...whose(served), generation: served.generation };
    const isExtended = served.advertisedExpiration > served.credentials.expiration;
    const wasExtended = before !== undefined && before.advertisedExpiration > before.credentials.expiration;
    if (isExtended) {
      const until = formatTimestamp(served.advertisedExpiration);
      const why = trouble === 'expired-document' ? 'IMDS has only an expired set' : 'The set has expired';
      if (!wasExtended)
        log.warn(`${why}: serving it on with a later expiration; see the AWS Health Dashboard`, {
          ...fields,
          until,
        });
    } else if (before === undefined) log.info('Serving credentials', fields);
    else if (before.roleName !== served.roleName) {
      log.info('Role replaced', { ...fields, previous_role: before.roleName });
    } else if (before.credentials.accessKeyId !== served.credentials.accessKeyId) {
      log.info('Credentials rotated', fields);
    } else log.debug('Credentials restated', fields);
  }

  function tellEnd(before: Held, { absence, trouble }: LifeState): void {
    if (absence === 'role-detached') {
      log.warn(
        'Role detached: its credentials are withdrawn from every surface; attach an instance profile with a role to go on',
        { role: before.roleName },
      );
    } else {
      log.error(
        'Credentials expired and IMDS gave none newer: consumers are refused until it does; run rolekeeper doctor',
        {
          ...whose(before),
          reason: trouble?.kind,
        },
      );
    }
  }

  /** EC2 promises the next set 5 minutes ahead: the same one after that is worth a line, once for each set. */
  function tellLateSet({ held, trouble, lastCheck }: LifeState): void {
    if (held === undefined || late === held || trouble !== undefined || lastCheck === undefined) return;
    const left = held.credentials.expiration - clock.now();
    if (left <= 0 || left >= MANDATORY_WINDOW_MS) return;
    late = held;
    log.warn(
      'IMDS still gives a set that is about to expire: checking more often; see the AWS Health Dashboard if it ends',
      whose(held),
    );
  }

  function tellSkew({ lastCheck }: LifeState): void {
    if (lastCheck?.skewMs === undefined) return;
    const isSkewed = Math.abs(lastCheck.skewMs) > (skewed ? SKEW_OVER_MS : SKEW_WORTH_TELLING_MS);
    if (isSkewed === skewed) return;
    skewed = isSkewed;
    const seconds = Math.round(lastCheck.skewMs / 1000);
    if (isSkewed) {
      log.warn("This machine's clock is off against IMDS: AWS will refuse signatures; check chrony or NTP", {
        seconds_behind: seconds,
      });
    } else log.info("This machine's clock agrees with IMDS again", { seconds_behind: seconds });
  }
}

function servedUntil(served: Held | undefined) {
  return served === undefined ? {} : { served_until: formatTimestamp(served.advertisedExpiration) };
}

function whose(held: Held) {
  return {
    role: held.roleName,
    key: keyIdTail(held.credentials),
    expires: formatTimestamp(held.credentials.expiration),
  };
}
