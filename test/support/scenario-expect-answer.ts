import { type RawAnswer, shownSet } from './scenario-answers.ts';
import {
  type Expect,
  expectNoSecret,
  holds,
  readGenerationExpectation,
  readSetExpectation,
  same,
} from './scenario-expect.ts';
import { amount, members, optionalText, text } from './scenario-values.ts';

const CREDENTIAL_PATHS = {
  '/v1/credentials': 'container',
  '/v1/credential-process': 'credential-process',
} as const;

const SET_WORDS = ['key', 'expiration', 'account'];
const ANSWER_WORDS = ['status', ...SET_WORDS, 'code', 'message', 'body', 'generation', 'allow'];

/**
 * Of an answer on the agent socket. Whatever else is expected: credentials are one whole set that is alive, and a
 * refusal says why in both spellings, shows nothing secret, and with 503 when to ask again.
 */
export function readAnswerExpectation(value: unknown): Expect<{ path: string; answer: RawAnswer }> {
  const asked = members(value, 'expect', ANSWER_WORDS);
  const status = asked.status === 'closed' ? undefined : amount(asked.status, 'expect.status');
  const code = optionalText(asked.code, 'expect.code');
  const message = optionalText(asked.message, 'expect.message');
  const body = optionalText(asked.body, 'expect.body');
  const allow = optionalText(asked.allow, 'expect.allow');
  const expectSet = readSetExpectation(asked, 'expect');
  const expectGeneration = readGenerationExpectation(asked.generation);
  return ({ path, answer }, machine, memory) => {
    if (status?.holds(answer.status) === false || (status === undefined && answer.status !== 'closed')) {
      throw new Error(
        `the status should be ${status?.text ?? 'closed'}, and is ${answer.status}: ${answer.body.slice(0, 300)}`,
      );
    }
    const shape = answer.status === 200 ? shapeOf(path) : undefined;
    if (shape !== undefined) {
      const shown = shownSet(answer.body, shape, machine.instance.issuedSets(), machine.clock.now());
      expectSet(shown, machine, memory);
    } else if (SET_WORDS.some((word) => asked[word] !== undefined))
      throw new Error('it shows no credentials');
    else expectNoSecret(answer.body, machine);
    const isJson = answer.headers.get('content-type') === 'application/json';
    const refusal = answer.status !== 200 && isJson ? refusalOf(path, answer) : undefined;
    if (code !== undefined) same('the code', refusal?.code, code);
    if (message !== undefined) holds('the message', String(refusal?.message), message);
    if (body !== undefined) holds('the body', answer.body, body);
    if (allow !== undefined) same('the header Allow', answer.headers.get('allow'), allow);
    expectGeneration(machine.isRunning() ? machine.agent().status().generation : 0, machine, memory);
  };
}

function shapeOf(path: string) {
  return Object.entries(CREDENTIAL_PATHS).find(([known]) => known === path.split('?', 1)[0])?.[1];
}

function refusalOf(path: string, { status, headers, body }: RawAnswer): { code: string; message: string } {
  const { code, message, Code, Message, ...rest } = JSON.parse(body);
  same('the code in its other spelling', Code, code);
  same('the message in its other spelling', Message, message);
  same('what the refusal holds beside code and message', JSON.stringify(rest), '{}');
  text(code, 'the code');
  text(message, 'the message');
  if (status === 503 && shapeOf(path) !== undefined) same('Retry-After', headers.get('retry-after'), '5');
  same('Cache-Control', headers.get('cache-control'), 'no-store');
  return { code, message };
}
