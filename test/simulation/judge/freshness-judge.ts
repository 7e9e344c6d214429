import type { OfferedSet } from '../imds.ts';
import { type ImdsFault, isHarmless } from '../imds-fault.ts';
import { LONGEST_CHECK_MS, LONGEST_INTERVAL_MS, type Scene, WELL_CHECK_MS } from './scene.ts';

/** Without a role, the next check is never further away than this. */
const LONGEST_ABSENT_MS = 12_000;
/** Three checks that find no role: one interval, and twice the urgent one. */
const LONGEST_URGENT_MS = 16_500;
const LONGEST_WITHDRAWAL_MS = LONGEST_INTERVAL_MS + 2 * LONGEST_URGENT_MS + 3 * WELL_CHECK_MS;
const FIRST_BACKOFF_MS = 1_000;
const CALM_AFTER_MS = 120_000;
const MANDATORY_WINDOW_MS = 300_000;

/** What the agent is doing, as its own status tells it. */
export interface Doing {
  readonly shown: OfferedSet | undefined;
  readonly failures: number;
  /** Checks in a row that found no role. */
  readonly rolelessChecks: number;
  readonly isAbsent: boolean;
  readonly isChecking: boolean;
}

/** Judges how soon the agent has what IMDS offers. */
export class FreshnessJudge {
  readonly #scene: Scene;
  readonly #isUp: () => boolean;
  /** By `awake`: before this, what happened excuses an older set. */
  #dueAt = 0;
  #because: 'newest-set' | 'recovery' = 'newest-set';
  #disturbedAt = 0;
  #absentAttach: OfferedSet | undefined;

  constructor(scene: Scene, isUp: () => boolean) {
    this.#scene = scene;
    this.#isUp = isUp;
  }

  /** Nothing that IMDS could be blamed for is going on. */
  isWell(): boolean {
    for (const fault of this.#scene.imds.faults) if (!isHarmless(fault)) return false;
    return this.#isUp();
  }

  /**
   * Well for a while, and the role is there, and its set has more than five minutes, as has the one that the agent
   * still serves: time to be quiet.
   */
  isCalm(shown: OfferedSet | undefined): boolean {
    const { imds, time } = this.#scene;
    const offer = imds.offer();
    return (
      offer !== undefined &&
      imds.faults.size === 0 &&
      this.isWell() &&
      Math.min(offer.expiration, shown?.expiration ?? offer.expiration) - time.wall() > MANDATORY_WINDOW_MS &&
      this.#servesRole(offer) &&
      time.elapsed - this.#disturbedAt > CALM_AFTER_MS
    );
  }

  /** Something happened that the agent may take this long to deal with. */
  disturbed(allowanceMs: number, because: 'newest-set' | 'recovery' = 'newest-set'): void {
    const { time } = this.#scene;
    this.#disturbedAt = time.elapsed;
    this.#because = because;
    this.#dueAt = Math.max(this.#dueAt, time.awake + allowanceMs);
  }

  /** The first check comes at once; a stored set of a role that is gone meanwhile goes after three. */
  started(): void {
    const offer = this.#scene.imds.offer();
    const isGone = offer === undefined || !this.#servesRole(offer);
    this.disturbed(isGone ? LONGEST_WITHDRAWAL_MS : WELL_CHECK_MS);
  }

  faultEnded(fault: ImdsFault, doing: Doing): void {
    const { shown, failures, rolelessChecks, isChecking } = doing;
    const offer = this.#scene.imds.offer();
    if (offer === undefined || !this.#servesRole(offer)) this.detached(doing);
    const failing = failures + (isChecking ? 1 : 0);
    const longest = shown !== undefined ? 60_000 : 15_000;
    // A fault that no check found wrong (an old set that a stepped clock takes for good) is not backed off from.
    const unnoticed = shown !== offer ? LONGEST_INTERVAL_MS : 0;
    const step = failing === 0 ? unnoticed : Math.min(longest, FIRST_BACKOFF_MS * 2 ** (failing - 1));
    // A role that was not found is looked for at the urgent pace, not at that of the backoff.
    const isMissed = shown !== undefined && (rolelessChecks > 0 || (isChecking && wasMissing(fault)));
    const next = isMissed ? Math.max(step, LONGEST_URGENT_MS) : step;
    this.disturbed((isChecking ? LONGEST_CHECK_MS : 0) + next + WELL_CHECK_MS, 'recovery');
  }

  attached(doing: Doing): void {
    const { isAbsent, isChecking } = doing;
    const offer = this.#scene.imds.offer();
    if (offer !== undefined && !this.#servesRole(offer)) {
      this.detached(doing);
      return;
    }
    if (isAbsent) this.#absentAttach = offer;
    this.disturbed((isChecking ? LONGEST_CHECK_MS : 0) + (isAbsent ? LONGEST_ABSENT_MS : 0) + WELL_CHECK_MS);
  }

  detached({ isChecking }: Doing): void {
    this.disturbed((isChecking ? LONGEST_CHECK_MS : 0) + LONGEST_WITHDRAWAL_MS);
  }

  /** When what is served has to be the newest again, by `awake`. */
  dueAt(): number {
    return this.#dueAt;
  }

  /** @param shown what the agent serves at this moment */
  judge(shown: OfferedSet | undefined): void {
    const { time, imds, fail, history } = this.#scene;
    if (!this.isWell() || time.awake < this.#dueAt) return;
    const offer = imds.offer();
    if (offer === undefined || !this.#servesRole(offer)) {
      if (shown !== undefined)
        fail(
          this.#because,
          `set ${shown.serial} of ${shown.roleName} is still served: IMDS has no such role`,
        );
      return;
    }
    const allowance = offer === this.#absentAttach ? LONGEST_ABSENT_MS : LONGEST_INTERVAL_MS;
    if (time.elapsed - offer.since < allowance + WELL_CHECK_MS) return;
    const expiredFor = time.wall() - offer.expiration;
    if (shown === undefined && expiredFor >= 0 && history.stability === 'never') return;
    if (shown === undefined && expiredFor >= 0 && expiredFor < WELL_CHECK_MS) return; // being extended
    if (shown !== offer) {
      const waited = Math.round(time.elapsed - offer.since);
      fail(
        this.#because,
        `IMDS has offered set ${offer.serial} for ${waited} ms, and ${shown?.serial ?? 'none'} is served`,
      );
    }
  }

  #servesRole({ roleName }: OfferedSet): boolean {
    const { onlyRole } = this.#scene.history;
    return onlyRole === '' || onlyRole === roleName;
  }
}

/** Whether the fault made IMDS say that there is no role. */
function wasMissing(fault: ImdsFault): boolean {
  return fault.kind === 'status' && fault.status === 404;
}
