import { type Transport, TransportError } from './transport.ts';

/** DESIGN: `imds.endpoint`. `auto` is IPv4 first, then IPv6. */
export type EndpointSetting = 'auto' | 'ipv4' | 'ipv6' | `http://${string}`;

/** EC2 User Guide, "Instance metadata and user data": link-local, plain HTTP, port 80. */
const IPV4 = 'http://169.254.169.254';
const IPV6 = 'http://[fd00:ec2::254]';

/**
 * The origins to try, in this order. Throws a RangeError for a setting of another shape: a path, a query or a
 * password in the URL would be dropped in silence otherwise.
 */
export function candidateOrigins(setting: EndpointSetting): readonly string[] {
  if (setting === 'auto') return [IPV4, IPV6];
  if (setting === 'ipv4') return [IPV4];
  if (setting === 'ipv6') return [IPV6];
  const url = URL.parse(setting);
  const bare = url !== null && url.href === `${url.origin}/`;
  if (!bare || url.protocol !== 'http:') {
    throw new RangeError(
      `Cannot use an IMDS endpoint that is not auto, ipv4, ipv6 or http://HOST[:PORT]: current value is '${setting}'`,
    );
  }
  return [url.origin];
}

/**
 * One transport over several origins: it stays with the one that was connected to last, and looks at the others only
 * when that one is unreachable. A slow or an angry IMDS is no reason to go elsewhere.
 */
export function endpointTransport(
  setting: EndpointSetting,
  transportFor: (origin: string) => Transport,
): Transport {
  let inOrder = candidateOrigins(setting).map(transportFor);

  return async (request) => {
    const details: string[] = [];
    for (const transport of inOrder) {
      try {
        const answer = await transport(request);
        stayWith(transport);
        return answer;
      } catch (error) {
        const failure = error instanceof TransportError ? error.failure : 'cancelled';
        if (failure !== 'unreachable' && failure !== 'cancelled') stayWith(transport);
        if (!(error instanceof TransportError) || failure !== 'unreachable') throw error;
        details.push(error.detail);
      }
    }
    throw new TransportError('unreachable', details.join('; '));
  };

  function stayWith(transport: Transport): void {
    inOrder = [transport, ...inOrder.filter((other) => other !== transport)];
  }
}
