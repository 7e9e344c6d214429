import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** By lower-case name; of several with one name, the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ExchangeOptions {
  /** Ends our half after the last byte. */
  readonly half?: boolean;
  /** Hangs up by ourselves once this has come. */
  readonly until?: RegExp;
}

/** Sends bytes exactly as they are, and returns all that came until the connection was closed, by whoever. */
export function exchange(
  to: Address,
  bytes: string | Buffer,
  options: ExchangeOptions = {},
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = '';
  const socket = connect({ ...to, allowHalfOpen: true }, () => {
    if (options.half) socket.end(bytes);
    else socket.write(bytes);
  });
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    if (options.until?.test(text)) socket.destroy();
  });
  // A reset is a closed connection too: what came before it counts.
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  socket.on('close', () => resolve(text));
  return promise;
}

/** One request as an SDK would send it, over a connection of its own. */
export async function ask(
  to: Address,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  const all = { Host: 'localhost', Connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return parseAnswer(await exchange(to, `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`));
}

/** Throws for a text that is not one whole answer. */
export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  if (end === -1 || Number.isNaN(status)) throw new Error(`Not an HTTP answer: ${JSON.stringify(text)}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status, headers, body: text.slice(end + 4) };
}

/** The statuses of everything in a text that looks like the beginning of an answer, in order. */
export function statuses(text: string): number[] {
  return Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status));
}
