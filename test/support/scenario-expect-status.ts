import { formatTimestamp } from '../../src/domain/timestamps.ts';
import type { SimulatedMachine } from './running-agent.ts';
import { plainRequest, sendBytes } from './scenario-answers.ts';
import { type Expect, expectNoSecret, holds, readGenerationExpectation, same } from './scenario-expect.ts';
import { namedSet } from './scenario-memory.ts';
import { type Amount, amount, type Members, members, oneOf, optionalText } from './scenario-values.ts';

const STATUS_TEXTS = ['phase', 'condition', 'reason', 'role', 'account_id'];
const STATUS_NUMBERS = ['failed_checks', 'next_check_in_s', 'last_check.clock_skew_s'];
const STATUS_WORDS = [
  ...STATUS_TEXTS,
  ...STATUS_NUMBERS,
  ...['serving', 'message', 'generation', 'key', 'expiration', 'advertised_expiration'],
];

/** Of `/v1/status`. `null`: the member is not there. */
export function readStatusExpectation(value: unknown): Expect<Members> {
  const asked = members(value, 'status', STATUS_WORDS);
  const numbers = STATUS_NUMBERS.filter((name) => (asked[name] ?? null) !== null).map(
    (name): [string, Amount] => [name, amount(asked[name], `status.${name}`)],
  );
  const exact = [...STATUS_TEXTS, 'serving'].filter((name) => asked[name] !== undefined);
  const absent = Object.keys(asked).filter((name) => asked[name] === null);
  const message = asked.message === null ? undefined : optionalText(asked.message, 'status.message');
  const sets = ['key', 'expiration'].filter((name) => (asked[name] ?? null) !== null);
  const advertised =
    (asked.advertised_expiration ?? null) === null
      ? undefined
      : oneOf(asked.advertised_expiration, 'status.advertised_expiration', ['true', 'extended']);
  const expectGeneration = readGenerationExpectation(asked.generation);

  return (found, machine, memory) => {
    for (const name of exact) same(`status.${name}`, found[name] ?? null, asked[name]);
    for (const name of absent) same(`status.${name}`, memberAt(found, name) ?? null, null);
    for (const [name, wanted] of numbers) {
      const number = memberAt(found, name);
      if (!wanted.holds(number)) throw new Error(`status.${name} should be ${wanted.text}, and is ${number}`);
    }
    if (message !== undefined) holds('status.message', String(found.message), message);
    for (const name of sets) {
      const set = namedSet(String(asked[name]), memory, machine);
      const wanted = name === 'key' ? `…${set.accessKeyId.slice(-4)}` : formatTimestamp(set.expiration);
      same(`status.${name}`, found[name === 'key' ? 'key_id' : name], wanted);
    }
    if (advertised !== undefined) {
      const isExtended = found.advertised_expiration !== found.expiration;
      same('status.advertised_expiration', isExtended ? 'extended' : 'true', advertised);
    }
    expectGeneration(Number(found.generation), machine, memory);
  };
}

/** `last_check.clock_skew_s` is a member of a member. */
function memberAt(found: Members, path: string): unknown {
  const name = path === 'key' ? 'key_id' : path;
  return name.split('.').reduce<unknown>((value, part) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  }, found);
}

/** `/v1/status` as it comes over the socket. */
export async function readStatus(machine: SimulatedMachine): Promise<Members> {
  const { answer } = sendBytes(machine.agent().socketPath, plainRequest('/v1/status'));
  const { status, body } = await answer;
  same('the status of /v1/status', status, 200);
  expectNoSecret(body, machine);
  return JSON.parse(body);
}
