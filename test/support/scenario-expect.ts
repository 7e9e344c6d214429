import type { SimulatedMachine } from './running-agent.ts';
import type { ShownSet } from './scenario-answers.ts';
import { namedSet, nameOfSet, type ScenarioMemory } from './scenario-memory.ts';
import { type Members, oneOf, optionalText } from './scenario-values.ts';

/** Throws a sentence that says what was found instead. */
export type Expect<Found> = (found: Found, machine: SimulatedMachine, memory: ScenarioMemory) => void;

const EXTENSION_MS = 15 * 60_000;

/** Of a set that was shown: `key` is its name, `expiration` is `true` (the default) or `extended`. */
export function readSetExpectation(asked: Members, what: string): Expect<ShownSet> {
  const key = optionalText(asked.key, `${what}.key`);
  const account = asked.account === null ? null : optionalText(asked.account, `${what}.account`);
  const expiration = oneOf(asked.expiration ?? 'true', `${what}.expiration`, ['true', 'extended']);
  return (shown, machine, memory) => {
    if (key !== undefined) {
      const wanted = namedSet(key, memory, machine);
      if (shown.set.serial !== wanted.serial) {
        throw new Error(`it should be the set ${key}, and is ${nameOfSet(shown.set, memory)}`);
      }
    }
    if (account !== undefined) same('the account', shown.account ?? null, account);
    expectExpiration(shown, expiration, machine.clock.now());
  };
}

function expectExpiration({ set, expiration }: ShownSet, kind: 'true' | 'extended', now: number): void {
  const told = Date.parse(expiration);
  if (kind === 'true' && told !== set.expiration) {
    throw new Error(`its expiration should be the one that IMDS gave, and is ${expiration}`);
  }
  const isExtended = told > set.expiration && told <= now + EXTENSION_MS;
  if (kind === 'extended' && !isExtended) {
    throw new Error(`its expiration should be extended by at most 15 minutes, and is ${expiration}`);
  }
}

/** Compared with what it was when a step last spoke of it. */
export function readGenerationExpectation(value: unknown): Expect<number> {
  if (value === undefined) return () => {};
  const kind = oneOf(value, 'generation', ['same', 'higher', 'any']);
  return (found, _machine, memory) => {
    const before = memory.generation;
    memory.generation = found;
    if (kind === 'same' && found !== before) throw new Error(`the generation was ${before}, and is ${found}`);
    if (kind === 'higher' && found <= before) {
      throw new Error(`the generation should be above ${before}, and is ${found}`);
    }
  };
}

/** No secret and no metadata token, whole or in part. */
export function expectNoSecret(found: string, { instance }: SimulatedMachine): void {
  const secrets = instance
    .issuedSets()
    .flatMap((set) => [set.accessKeyId, set.secretAccessKey, set.sessionToken.slice(0, 24)]);
  const secret = ['AQAEAEXAMPLE', ...secrets].find((each) => found.includes(each));
  if (secret !== undefined) throw new Error(`it should hold no secret, and holds ${secret}: ${found}`);
}

export function same(what: string, found: unknown, wanted: unknown): void {
  if (found === wanted) return;
  throw new Error(`${what} should be ${JSON.stringify(wanted)}, and is ${JSON.stringify(found)}`);
}

export function holds(what: string, found: string, part: string): void {
  if (!found.includes(part)) throw new Error(`${what} should hold ${JSON.stringify(part)}, and is: ${found}`);
}
