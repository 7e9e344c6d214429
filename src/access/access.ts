import type { AccessGate, AccessRefusal } from '../domain/access-gate.ts';
import { type AccessRule, decide } from '../domain/access-policy.ts';
import { decisionReason } from '../domain/access-words.ts';
import type { AnswerCounts } from '../domain/answer-counts.ts';
import type { Caller, SurfaceName } from '../domain/caller.ts';
import type { Clock, Log } from '../domain/ports.ts';
import { type AnswerTally, createAnswerTally } from './answer-tally.ts';
import { createCallerBook } from './caller-book.ts';
import { type CallersDocument, callersDocument } from './callers-document.ts';
import { createDecisionLog } from './decision-log.ts';
import { createRateLimit, MOST_PER_SECOND } from './rate-limit.ts';

/** Who may ask, who has asked, and what became of it: one for the agent, with a gate for each surface. */
export interface Access {
  gate<Connection>(
    surface: SurfaceName,
    callerOf: AccessGate<Connection>['callerOf'],
  ): AccessGate<Connection>;
  /** Decides by these from the next request on. */
  replaceRules(rules: readonly AccessRule[]): void;
  /** Those of the last hour. */
  callers(): CallersDocument;
  /** How many rows that are, without making them. */
  callerCount(): number;
  /** Of each surface that has a gate. */
  counts(): ReadonlyMap<SurfaceName, AnswerCounts>;
}

export interface AccessParts {
  readonly rules: readonly AccessRule[];
  readonly clock: Clock;
  readonly log: Log;
  readonly userName: (uid: number) => string | undefined;
  /** Of the credentials that are served, the last four characters. */
  readonly keyIdTail: () => string | undefined;
}

export function createAccess(parts: AccessParts): Access {
  const { clock, log, userName, keyIdTail } = parts;
  let { rules } = parts;
  const book = createCallerBook(clock);
  const decisions = createDecisionLog({ log, clock, userName, keyIdTail });
  const tallies = new Map<SurfaceName, AnswerTally>();

  return {
    gate(surface, callerOf) {
      const rate = createRateLimit(clock);
      const tally = createAnswerTally();
      tallies.set(surface, tally);
      // Picked once for each set of rules, not for each request.
      let pickedFrom: readonly AccessRule[] | undefined;
      let ofSurface: readonly AccessRule[] = [];
      return {
        callerOf,
        refusal(caller) {
          if (!rate.admits(caller.uid)) return tooMany(caller, surface);
          if (pickedFrom !== rules) {
            pickedFrom = rules;
            ofSurface = rules.filter((rule) => rule.surfaces.includes(surface));
          }
          if (ofSurface.length === 0) return undefined;
          const decision = decide(ofSurface, surface, caller);
          if (decision.allowed) return undefined;
          return denied(caller, surface, decisionReason(decision, surface));
        },
        record(caller, asked) {
          book.record(surface, caller, asked);
          decisions.note(surface, caller, asked);
          if (asked.verdict !== 'allowed') tally.refused(asked.verdict);
        },
        answered: tally.answered,
      };
    },
    replaceRules(next) {
      rules = next;
    },
    callers: () => callersDocument(book.recent(), userName),
    callerCount: () => book.recent().length,
    counts: () => new Map([...tallies].map(([surface, tally]) => [surface, tally.read()])),
  };

  function tooMany(caller: Caller, surface: SurfaceName): AccessRefusal {
    return {
      code: 'too-many-requests',
      message: `${subject(caller)} asks more than ${MOST_PER_SECOND} times a second over ${surface}: keep the credentials until they expire, and ask again in a second`,
    };
  }

  function denied(caller: Caller, surface: SurfaceName, reason: string): AccessRefusal {
    const { uid } = caller;
    const test = `rolekeeper access test --user ${uid ?? 'USER'} --surface ${surface} explains`;
    return {
      code: 'access-denied',
      message: `${subject(caller)} gets no credentials over ${surface}, ${reason}. Ask as a user who may, or add an [[allow]] to the agent's configuration; ${test}`,
    };
  }

  function subject({ uid }: Caller): string {
    if (uid === undefined) return 'A caller whose user the kernel does not tell';
    const name = userName(uid);
    return name === undefined ? `User ${uid}` : `User ${name} (${uid})`;
  }
}
