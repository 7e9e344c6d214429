import net from 'node:net';

/**
 * Runs before every test file: a connection from the test process to anything but this machine's loopback (or a Unix
 * socket) throws before a packet leaves. Child processes are given loopback endpoints by the tests that start them.
 */
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: unknown[]) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  const target =
    typeof first === 'object' && first !== null ? (first as { path?: string; host?: string }) : {};
  const host = typeof first === 'object' ? target.host : typeof args[1] === 'string' ? args[1] : undefined;
  const isUnixSocket = typeof first === 'string' || target.path !== undefined;
  if (!isUnixSocket && host !== undefined && !isLoopback(host)) {
    throw new Error(`Test tried to connect to ${host}: only loopback is allowed`);
  }
  return Reflect.apply(connect, this, args);
} as typeof connect;

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
