import { expect, test } from 'vitest';
import { parseRefusal } from '../../src/client/refusal.ts';

test("the agent's own code and message are passed on", () => {
  const body = '{"code":"no-role","message":"No role.","Code":"no-role","Message":"No role."}';
  expect(parseRefusal(404, body)).toEqual({ code: 'no-role', message: 'No role.' });
});

test('a message becomes one line with nothing for a terminal in it', () => {
  const message = 'a\nb\r\n c\t\u001b[2Jd\u0085e\u2028f\0g';
  expect(parseRefusal(503, JSON.stringify({ code: 'x', message }))).toEqual({
    code: 'x',
    message: 'a b c [2Jd e f g',
  });
});

test.each([
  '',
  'null',
  '"text"',
  '[]',
  '{}',
  '{"code":"x"}',
  '{"message":"x"}',
  '{"code":1,"message":"x"}',
  '{"code":"x","message":["x"]}',
  '{"Code":"x","Message":"x"}',
  '<html>502 Bad Gateway</html>',
  '{"code":"x","message":"x"',
])('the body %j is not from the agent, so its status is what is told', (body) => {
  expect(parseRefusal(502, body)).toEqual({
    code: undefined,
    message: 'The agent answered with status 502 and no reason: see its log',
  });
});
