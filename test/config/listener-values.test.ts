import { describe, expect, test } from 'vitest';
import { authorization, listenAddress, optionalListenAddress } from '../../src/config/listener-values.ts';
import { refusal, value } from './parsed.ts';

describe('listenAddress', () => {
  test.each([
    ['127.0.0.1:9911', { host: '127.0.0.1', port: 9911 }],
    ['127.255.0.9:0', { host: '127.255.0.9', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
  ])('takes %s, and writes it the same', (text, address) => {
    expect(value(listenAddress.parse(text))).toEqual(address);
    expect(listenAddress.format(address)).toBe(`"${text}"`);
  });

  test.each([
    ['0.0.0.0:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['169.254.170.2:80', 'Write 127.0.0.1 or [::1] as the address.'],
    ['10.0.0.1:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['126.255.255.255:1', 'Write 127.0.0.1 or [::1] as the address.'],
    ['128.0.0.1:1', 'Write 127.0.0.1 or [::1] as the address.'],
    ['[::]:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['[::ffff:127.0.0.1]:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['[::ffff:10.0.0.1]:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['[::1%lo]:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['[0:0:0:0:0:0:0:1]:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['[fd00:ec2::254]:80', 'Write 127.0.0.1 or [::1] as the address.'],
    ['127.0.0.01:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['0127.0.0.1:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['127.0.0.256:9911', 'Write 127.0.0.1 or [::1] as the address.'],
    ['127.0.0.1:65536', 'Write a port from 0 to 65535.'],
    ['127.0.0.1:09911', 'Write a port from 0 to 65535.'],
    ['9911', 'Write 127.0.0.1:9911.'],
    ['127.0.0.1', 'Add a port: 127.0.0.1:9911.'],
    ['::1:9911', 'Write an IPv6 address in brackets: [::1]:9911.'],
    ['::1', 'Write an IPv6 address in brackets: [::1]:9911.'],
    ['localhost:9911', 'Write the address 127.0.0.1 instead of the name.'],
    ['http://127.0.0.1:9911/', 'Write only address and port, without http:// and path.'],
    ['127.1:9911', 'Write 127.0.0.1 or [::1], a colon and a port.'],
    ['*:9911', 'Write 127.0.0.1 or [::1], a colon and a port.'],
    [':9911', 'Write 127.0.0.1 or [::1], a colon and a port.'],
    ['127.0.0.1:9911 ', 'Write 127.0.0.1 or [::1], a colon and a port.'],
    ['127.0.0.1:9911\n', 'Write 127.0.0.1 or [::1], a colon and a port.'],
    ['', 'Write 127.0.0.1 or [::1], a colon and a port.'],
  ])('refuses %j: never beyond loopback', (text, nextStep) => {
    expect(refusal(listenAddress.parse(text))).toEqual({
      rule: 'must be a loopback address with a port, as 127.0.0.1:9911 or [::1]:9911: rolekeeper never listens beyond loopback',
      nextStep,
    });
  });
});

describe('optionalListenAddress', () => {
  test.each([
    ['', undefined],
    ['127.0.0.1:9913', { host: '127.0.0.1', port: 9913 }],
  ])('takes %j, and writes it the same', (text, address) => {
    expect(value(optionalListenAddress.parse(text))).toEqual(address);
    expect(optionalListenAddress.format(address)).toBe(`"${text}"`);
  });

  test.each(['0.0.0.0:9913', ' ', '9913'])('refuses %j as the other does', (text) => {
    expect(optionalListenAddress.parse(text)).toEqual(listenAddress.parse(text));
  });
});

describe('authorization', () => {
  test.each(['token', 'user'])('can be by %s', (text) => {
    expect(authorization.parse(text)).toEqual({ ok: true, value: text });
  });

  test.each(['', 'none', 'Token'])('refuses %j', (text) => {
    expect(refusal(authorization.parse(text)).rule).toBe('must be token or user');
  });
});
