import { describe, expect, test } from 'vitest';
import { awsEndpointMode, httpOrigin, imdsEndpoint } from '../../src/config/imds-endpoint.ts';
import { refusal, value } from './parsed.ts';

test.each([
  ['auto', 'auto'],
  ['ipv4', 'ipv4'],
  ['ipv6', 'ipv6'],
  ['http://127.0.0.1:1338', 'http://127.0.0.1:1338'],
  ['http://127.0.0.1:1338/', 'http://127.0.0.1:1338'],
  ['http://localhost:80', 'http://localhost'],
  ['HTTP://LocalHost/', 'http://localhost'],
  ['http://[fd00:ec2::254]', 'http://[fd00:ec2::254]'],
  ['http://[FD00:EC2:0:0:0:0:0:254]:8080/', 'http://[fd00:ec2::254]:8080'],
])('%s is taken as %s', (text, endpoint) => {
  expect(value(imdsEndpoint.parse(text))).toBe(endpoint);
});

test.each([
  ['https://169.254.169.254', 'must not use https: IMDS speaks plain HTTP only'],
  ['HTTPS://host', 'must not use https: IMDS speaks plain HTTP only'],
  ['ftp://host', 'must be http://HOST[:PORT]'],
  ['http:/host', 'must be http://HOST[:PORT]'],
  ['http:host', 'must be http://HOST[:PORT]'],
  ['http://', 'must be http://HOST[:PORT]'],
  ['http:///host', 'must be http://HOST[:PORT]'],
  ['127.0.0.1:80', 'must be http://HOST[:PORT]'],
  ['fd00:ec2::254', 'must be http://HOST[:PORT]'],
  ['http://user@host', 'must not hold a user or password'],
  ['http://user:word@host:80/', 'must not hold a user or password'],
  ['http://host?', 'must not have a query or fragment'],
  ['http://host/?a=b', 'must not have a query or fragment'],
  ['http://host#', 'must not have a query or fragment'],
  ['http://host/latest', 'must not have a path: rolekeeper adds the paths of IMDS itself'],
  ['http://host//', 'must not have a path: rolekeeper adds the paths of IMDS itself'],
  ['http://host/.', 'must not have a path: rolekeeper adds the paths of IMDS itself'],
])('%s is refused: %s', (text, rule) => {
  expect(refusal(imdsEndpoint.parse(text)).rule).toBe(rule);
});

describe('what the URL parser would repair is refused', () => {
  test.each([
    'http://ho st',
    'http://host ',
    'http://host\n',
    'http://ho\tst',
    'http://[::1]\n',
    'http://host\\',
    'http://ho\0st',
    'http://0x7f.1',
    'http://127.1',
    'http://2852039166',
    'http://127.0.0.1.',
    'http://ho%73t',
    'http://bücher',
    'http://host:',
    'http://host:0',
    'http://host:080',
    'http://host:65536',
    'http://host:x',
    'http://[::1',
    'http://::1',
    'http://[fe80::1%25eth0]',
    'http://a b@',
  ])('%j', (text) => {
    expect(imdsEndpoint.parse(text).ok).toBe(false);
  });
});

test.each([
  ['IPv4', 'Did you mean ipv4?'],
  ['AUTO', 'Did you mean auto?'],
  ['ipv5', 'Did you mean ipv4?'],
  ['', 'Write one of these.'],
  ['169.254.169.254', 'Write one of these.'],
])('the word %j is refused with a hint', (text, nextStep) => {
  expect(refusal(imdsEndpoint.parse(text))).toEqual({
    rule: 'must be auto, ipv4, ipv6 or http://HOST[:PORT]',
    nextStep,
  });
});

test("AWS's endpoint variable takes an address, not a mode", () => {
  expect(httpOrigin.parse('ipv4').ok).toBe(false);
  expect(value(httpOrigin.parse('http://[fd00:ec2::254]/'))).toBe('http://[fd00:ec2::254]');
});

test("AWS's mode variable takes two words in any case", () => {
  expect(['IPv4', 'ipv4', 'IPV6'].map((text) => value(awsEndpointMode.parse(text)))).toEqual([
    'ipv4',
    'ipv4',
    'ipv6',
  ]);
  expect(['auto', 'v4', '', ' ipv4'].map((text) => awsEndpointMode.parse(text).ok)).toEqual(
    Array(4).fill(false),
  );
});
