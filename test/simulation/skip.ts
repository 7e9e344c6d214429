import { soundNow } from '../../src/domain/refresh-policy.ts';
import { LONGEST_CHECK_MS, LONGEST_INTERVAL_MS } from './judge/scene.ts';
import type { VirtualTimer } from './virtual-time.ts';
import { LATE_LIFE_MS, UNSTEADY, type World } from './world.ts';

/** From this many failures on the backoff grows no more. */
const SATURATED = 8;
const TOKEN_USABLE_MS = 21_480_000;
const TOKEN_LIFE_MS = 21_600_000;
/** A check that begins this much before there is something to find may still find it. */
const UNDER_WAY_MS = 1_000;
/** Anything else was no wait for the next check, but one that was cut short or slept through. */
const SHORTEST_INTERVAL_MS = 1_000;
const MANDATORY_WINDOW_MS = 300_000;
/** An agent that does not know the account asks for it at some check within this, if its checks come that far. */
const ACCOUNT_ASKED_AGAIN_MS = 11 * 60_000;
/** An extension is renewed when this much is left of it. */
const EXTENSION_RENEWED_MS = 150_000;

/**
 * Passes over checks that would all find what the last ones found. Called when the timer that begins the next check is
 * the next thing to happen in the world: all clocks and that timer then move on by whole check intervals. The check
 * that the timer begins is then the last one before anything happens, or the first one that finds something else: a
 * rotated set, its own token too old, the set in its last minutes. How many checks were passed over is returned.
 */
export function skipCalm(world: World, timer: VirtualTimer): number {
  const { run, time, agenda } = world;
  if (run === undefined || timer.owner !== run || !isSteady(world)) return 0;
  const nextCheckAt = run.core.refresher.nextCheckAt();
  if (nextCheckAt === undefined || Math.abs(nextCheckAt - timer.due) > 0.001 || time.timersOf(run) !== 1)
    return 0;
  const checkAt = time.elapsed + Math.max(0, timer.due - time.awake);
  // From the start of the last check to the start of the one that is due now: the pace that the agent has chosen.
  const interval = checkAt - world.requests.lastCheckAt;
  if (!(interval >= SHORTEST_INTERVAL_MS && interval <= LONGEST_INTERVAL_MS + LONGEST_CHECK_MS)) return 0;
  const checks = Math.min(
    Math.floor((agenda.nextAt() - checkAt) / interval),
    Math.ceil((nextFinding(world) - UNDER_WAY_MS - checkAt) / interval),
  );
  if (checks < 1) return 0;
  time.skip(checks * interval);
  world.requests.skipped(checks * interval);
  run.skippedAt = time.awake;
  return checks;
}

function isSteady(world: World): boolean {
  const { run, imds, steadyChecks, surfaces, requests, freshness, time, onRequest } = world;
  const state = run?.core.store.state();
  // Who waits for the n-th request, waits for one that is made.
  if (onRequest !== undefined || !requests.sameAsBefore) return false;
  if (state === undefined || surfaces.waiting > 0 || requests.underWay() > 0) return false;
  if (time.awake < freshness.dueAt()) return false;
  for (const { kind } of imds.faults) if (UNSTEADY.has(kind)) return false;
  if (run === undefined || (!run.knowsAccount && time.awake - run.accountAskedAt < ACCOUNT_ASKED_AGAIN_MS))
    return false;
  if (state.failures > 0) return state.failures >= SATURATED && steadyChecks >= 3;
  // A check that needed a new token is followed by one that does not.
  if (requests.tokenAskedAt.elapsed >= requests.lastCheckAt) return false;
  return steadyChecks >= 1 && state.held?.accountId !== undefined && world.shown() === imds.offer();
}

/** From when on a check finds, or does, something else than the last ones; in elapsed ms. */
function nextFinding(world: World): number {
  const { time, imds, requests } = world;
  imds.offer();
  const { awake, wall, elapsed } = requests.tokenAskedAt;
  const tokenLeft = TOKEN_USABLE_MS - Math.max(time.awake - awake, time.wall() - wall);
  // A token that was too old for the last check too is one that no check can renew.
  const isRenewable = tokenLeft + time.elapsed - requests.lastCheckAt > 0;
  const left = Math.min(isRenewable ? tokenLeft : Number.POSITIVE_INFINITY, leftOfThisPart(world));
  // Suspended and stepped back, an agent can know less of its token's age than IMDS does.
  const refusedAt = elapsed + TOKEN_LIFE_MS;
  const refusal = refusedAt > requests.lastCheckAt ? refusedAt : Number.POSITIVE_INFINITY;
  return Math.min(imds.nextRotation(), refusal, time.elapsed + left);
}

/** Milliseconds until the set that is served comes into another part of its life, as the agent sees it. */
function leftOfThisPart(world: World): number {
  const { run, time } = world;
  const state = run?.core.store.state();
  const held = run?.core.store.reader.read().held;
  if (state === undefined || held === undefined) return Number.POSITIVE_INFINITY;
  const now = soundNow(state.confirmed, { wall: time.wall(), monotonic: time.awake });
  const { expiration } = held.credentials;
  if (held.advertisedExpiration > expiration) {
    const left = held.advertisedExpiration - now;
    if (left > LATE_LIFE_MS) return left - LATE_LIFE_MS;
    // The check that finds it in its last minutes sends the readers who watch its end.
    return world.isEndWatched(held.advertisedExpiration) ? left - EXTENSION_RENEWED_MS : 0;
  }
  const mandatory = expiration - MANDATORY_WINDOW_MS;
  return mandatory > now ? mandatory - now : Number.NEGATIVE_INFINITY;
}
