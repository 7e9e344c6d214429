import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { setupServer } from 'msw/node';
import { expect, test, vi } from 'vitest';
import { fetchTransport } from './imds-fetch-transport.ts';

test('a request that no MSW handler takes is refused before it gets to the network', async () => {
  let connections = 0;
  const listener = net.createServer((socket) => {
    connections++;
    socket.destroy();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  vi.spyOn(console, 'error').mockImplementation(() => {}); // MSW's report of it
  const msw = setupServer();
  msw.listen({ onUnhandledFrame: 'error' });
  const get = () =>
    fetchTransport(`http://127.0.0.1:${port}`)({
      method: 'GET',
      path: '/latest/api/token',
      headers: {},
      signal: new AbortController().signal,
    });

  await expect(get()).rejects.toThrow();
  expect(connections).toBe(0);

  msw.close();
  await expect(get()).rejects.toThrow();
  expect(connections).toBe(1);
  listener.close();
});
