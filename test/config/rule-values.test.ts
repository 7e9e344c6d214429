import { expect, test } from 'vitest';
import { programPath, surfaceList, unitName } from '../../src/config/rule-values.ts';
import { refusal, value } from './parsed.ts';

test.each(['web.service', 'web@1.service', 'docker-0123.scope', 'dev-disk\\x2dby.service'])(
  '%j is a unit',
  (text) => {
    expect(value(unitName.parse(text))).toBe(text);
  },
);

test.each(['web', 'web.timer', 'a/b.service', '.service', 'a b.service', 'a.service\n'])(
  '%j is no unit whose callers are known',
  (text) => {
    expect(refusal(unitName.parse(text)).rule).toBe(unitName.rule);
  },
);

test.each(['/usr/bin/aws', '/opt/my app/x', '/a', '/usr/bin/..a', '/usr/bin/python3 (x)'])(
  '%j is a program',
  (text) => {
    expect(value(programPath.parse(text))).toBe(text);
  },
);

test.each(['aws', '/', '/usr/bin/', '/usr//bin/aws', '/usr/./aws', '/usr/../aws', '/a\nb'])(
  '%j is no program’s path with its links resolved',
  (text) => {
    expect(refusal(programPath.parse(text)).rule).toBe(programPath.rule);
  },
);

test('surfaces are named as their sections are', () => {
  expect(value(surfaceList.parse('agent_socket, imds_endpoint'))).toEqual(['agent_socket', 'imds_endpoint']);
  expect(refusal(surfaceList.parse('agent_socket,files')).nextStep).toBe('Write only these words.');
});
