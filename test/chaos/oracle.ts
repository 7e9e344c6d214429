import type { SimulatedSet, SimulatorProcess } from '../support/agent-process.ts';

/** Judges what readers got by what the simulator handed out. */
export interface Oracle {
  /** What is wrong with an answer that was asked for at `askedAt` (wall clock, ms), or undefined. */
  judge(answer: ReaderAnswer, askedAt: number): Promise<string | undefined>;
}

/** The fields of one answer, whatever its wire called them. */
export interface ReaderAnswer {
  readonly accessKeyId: unknown;
  readonly secretAccessKey: unknown;
  readonly sessionToken: unknown;
  readonly expiration: unknown;
}

export function createOracle(simulator: Pick<SimulatorProcess, 'sets'>): Oracle {
  let known = new Map<string, SimulatedSet>();
  let asking: Promise<void> | undefined;

  return {
    async judge(answer, askedAt) {
      const key = String(answer.accessKeyId);
      if (!known.has(key)) await learn();
      const set = known.get(key);
      if (set === undefined) return `a key that the simulator never handed out: ${key}`;
      for (const field of ['secretAccessKey', 'sessionToken', 'expiration'] as const) {
        if (answer[field] !== set[field]) return `${field} of another set than ${key}`;
      }
      if (Date.parse(set.expiration) > askedAt) return undefined;
      return `${key} expired at ${set.expiration} and was given at ${new Date(askedAt).toISOString()}`;
    },
  };

  /** Readers that meet a new key at the same time share one question. */
  function learn(): Promise<void> {
    asking ??= simulator.sets().then((sets) => {
      known = new Map(sets.map((set) => [set.accessKeyId, set]));
      asking = undefined;
    });
    return asking;
  }
}
