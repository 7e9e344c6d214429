/** IMDS at its own address where there is no interface but `lo`, in a network namespace that is only ours. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { IMDS_V4, sh } from './instance.ts';

/**
 * On loopback, but asked from another address than its own, as on an instance: its answers would be packets for IMDS
 * otherwise, and refused as those.
 */
export function imdsAddress(): Disposable {
  sh(`
    ip address add 10.0.0.5/32 dev lo
    ip address add ${IMDS_V4}/32 dev lo
    ip route replace local ${IMDS_V4}/32 dev lo table local src 10.0.0.5
  `);
  return {
    [Symbol.dispose]() {
      sh(`ip address delete ${IMDS_V4}/32 dev lo && ip address delete 10.0.0.5/32 dev lo`);
    },
  };
}

/** What leads from there to a simulator, which is told what to do at an address where nobody is refused. */
export async function imdsRelay(): Promise<AsyncDisposable & { leadTo(url: string): void }> {
  let port = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    for (const each of [client, upstream]) {
      each.on('error', () => {});
      each.on('close', () => (each === client ? upstream : client).destroy());
    }
  });
  server.listen(80, IMDS_V4);
  await once(server, 'listening');
  return {
    leadTo(url) {
      port = Number(new URL(url).port);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
