import type { Server } from 'node:net';
import { type Libc, systemLibc } from './libc.ts';

/** ip(7), ipv6(7). */
const IPPROTO_IP = 0;
const IP_TTL = 2;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;

/**
 * What a listening server's connections answer cannot be forwarded by any router: whatever the machine's own rules do to
 * it, it ends here. Accepted sockets take the option over from the one that listens. Returns whether that could be
 * arranged.
 */
export function keepOnThisHost(server: Server, libc: () => Libc | undefined = systemLibc): boolean {
  const { fd = -1 } = (server as Server & { _handle?: { fd?: number } | null })._handle ?? {};
  const address = server.address();
  const library = fd < 0 ? undefined : libc();
  if (library === undefined || typeof address !== 'object' || address === null) return false;
  // Asking `isIPv6` instead would compile its regular expression, in 7 ms.
  return address.family === 'IPv6'
    ? library.setSocketOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1)
    : library.setSocketOption(fd, IPPROTO_IP, IP_TTL, 1);
}
