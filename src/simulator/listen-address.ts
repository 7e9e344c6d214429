import net from 'node:net';
import { InputError } from './input-error.ts';

export interface ListenAddress {
  /** An IP address, without brackets. */
  readonly host: string;
  /** 0 for one that the system picks. */
  readonly port: number;
}

/** The two addresses of IMDS. They can be had on `lo` inside a network namespace of its own. */
const imdsAddresses: readonly string[] = ['169.254.169.254', 'fd00:ec2::254'];

/**
 * Reads `127.0.0.1:1338`, `[::1]:0` or `localhost:1338`.
 * @throws InputError for another shape, and for an address beyond loopback: a simulator is not for other machines
 */
export function parseListenAddress(text: string, allowLinkLocal = false): ListenAddress {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? (parts?.[2] === 'localhost' ? '127.0.0.1' : parts?.[2]) ?? '';
  const port = Number(parts?.[3]);
  if (!isAddress(host, parts?.[1] !== undefined) || !(port <= 65_535)) {
    throw new InputError(
      `Not an address to listen on: ${JSON.stringify(text)}. Expected IP:PORT or [IPV6]:PORT, such as 127.0.0.1:1338`,
    );
  }
  if (!isLoopback(host) && !(allowLinkLocal && imdsAddresses.includes(host))) {
    const others = allowLinkLocal ? ` or ${imdsAddresses.join(' or ')}` : '';
    throw new InputError(
      `Refused to listen on ${host}: the simulator listens on loopback only (127.0.0.1 or [::1])${others}`,
    );
  }
  return { host, port };
}

function isAddress(host: string, inBrackets: boolean): boolean {
  return inBrackets ? net.isIPv6(host) : net.isIPv4(host);
}

function isLoopback(host: string): boolean {
  return host === '::1' || (net.isIPv4(host) && host.startsWith('127.'));
}
