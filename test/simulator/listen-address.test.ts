import { expect, test } from 'vitest';
import { parseListenAddress } from '../../src/simulator/listen-address.ts';

test.each([
  ['127.0.0.1:1338', { host: '127.0.0.1', port: 1338 }],
  ['127.9.9.9:0', { host: '127.9.9.9', port: 0 }],
  ['[::1]:65535', { host: '::1', port: 65535 }],
  ['localhost:80', { host: '127.0.0.1', port: 80 }],
])('%s is an address to listen on', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each([
  '',
  '127.0.0.1',
  ':80',
  '127.0.0.1:',
  '127.0.0.1:65536',
  '::1:80',
  '[127.0.0.1]:80',
  'example.com:80',
  '1:2:3',
])('%j is none', (text) => {
  expect(() => parseListenAddress(text, true)).toThrow(
    `Not an address to listen on: ${JSON.stringify(text)}. Expected IP:PORT or [IPV6]:PORT, such as 127.0.0.1:1338`,
  );
});

test.each([
  '0.0.0.0:80',
  '[::]:80',
  '10.0.0.1:80',
  '128.0.0.1:80',
  '169.254.169.254:80',
  '[fd00:ec2::254]:80',
  '[::ffff:127.0.0.1]:80',
])('%s is refused: it is not loopback', (text) => {
  expect(() => parseListenAddress(text)).toThrow(/^Refused to listen on .*loopback only/);
});

test('the addresses of IMDS, and no others, can be allowed', () => {
  expect(parseListenAddress('169.254.169.254:80', true)).toEqual({ host: '169.254.169.254', port: 80 });
  expect(parseListenAddress('[fd00:ec2::254]:80', true)).toEqual({ host: 'fd00:ec2::254', port: 80 });
  expect(() => parseListenAddress('169.254.169.253:80', true)).toThrow(
    'Refused to listen on 169.254.169.253',
  );
  expect(() => parseListenAddress('0.0.0.0:80', true)).toThrow('Refused to listen on 0.0.0.0');
});
