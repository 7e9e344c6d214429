import { expect, test } from 'vitest';
import { formatConfigError } from '../../src/config/config-error.ts';
import { unknownVariables } from '../../src/config/unknown-variables.ts';

const rule = 'is not a variable that this version of rolekeeper knows';

test.each([
  ['ROLEKEEPER_IMDS_ENDPIONT', `${rule}; found "x". Did you mean ROLEKEEPER_IMDS_ENDPOINT?`],
  ['ROLEKEEPER_LOG_COLOUR', `${rule}; found "x". Unset it.`],
  ['ROLEKEEPER_AGENT_SOCKET_MODES', `${rule}; found "x". Did you mean ROLEKEEPER_AGENT_SOCKET_MODE?`],
  ['ROLEKEEPER_LINE_SOCKET_GRUOP', `${rule}; found "x". Did you mean ROLEKEEPER_LINE_SOCKET_GROUP?`],
  ['ROLEKEEPER_IMDS_ENDPOINT_X', `${rule}; found "x". Did you mean ROLEKEEPER_IMDS_ENDPOINT?`],
  [
    'ROLEKEEPER_FILES_MODE',
    `${rule}; found "x". Unset it: [[files]] can only be written in the configuration file.`,
  ],
  ['ROLEKEEPER_IMDS_TOKEN', `${rule}; found [not shown]. Unset it.`],
])('%s is an error: it is in the names of a section, and not in the table', (name, error) => {
  expect(unknownVariables({ [name]: 'x' }).map(formatConfigError)).toEqual([`${name}: ${error}`]);
});

test.each([
  'ROLEKEEPER_IMDS_ENDPOINT',
  'ROLEKEEPER_IMDS_ATTEMPTS',
  'ROLEKEEPER_RUNTIME_DIR',
  'ROLEKEEPER_X',
  'ROLEKEEPER_IMDSX',
  'IMDS_X',
])('%s is none of its business or known', (name) => {
  expect(unknownVariables({ [name]: 'x' })).toEqual([]);
});

test('a variable set to nothing is not set', () => {
  expect(unknownVariables({ ROLEKEEPER_IMDS_X: '', ROLEKEEPER_IMDS_Y: undefined })).toEqual([]);
});
