import { isIPv6, type Socket } from 'node:net';
import { type Libc, systemLibc } from './libc.ts';

/** ip(7), ipv6(7). */
const IPPROTO_IP = 0;
const IP_TTL = 2;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;

/**
 * Answers of an accepted connection cannot be forwarded by any router: whatever the machine's own rules do to them, they
 * end here. Returns whether that could be arranged.
 */
export function keepOnThisHost(connection: Socket, libc: () => Libc | undefined = systemLibc): boolean {
  const { fd = -1 } = (connection as Socket & { _handle?: { fd?: number } })._handle ?? {};
  const library = fd < 0 ? undefined : libc();
  if (library === undefined) return false;
  return isIPv6(connection.localAddress ?? '')
    ? library.setSocketOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1)
    : library.setSocketOption(fd, IPPROTO_IP, IP_TTL, 1);
}
