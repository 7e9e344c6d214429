import { connect } from 'node:net';
import type { Address } from '../support/raw-http.ts';

/** How a connection ended: what came back, or nothing within the deadline. */
export interface Delivered {
  readonly text: string;
  readonly end: 'closed' | 'hung' | 'refused';
}

/** A client that ends its half waits this long for the first answer, and for each further one, before it does. */
const QUIET_MS = 15;
/** No request is held for longer by any surface: 10 s for a request that is not finished, and the look every 2 s. */
const DEADLINE_MS = 20_000;

/**
 * Sends the bytes and reads until the other side closes. Where it may wait for more (`endsHalf`), our half is ended
 * once nothing comes any more.
 */
export function deliver(to: Address, bytes: Buffer, endsHalf: boolean): Promise<Delivered> {
  const { promise, resolve } = Promise.withResolvers<Delivered>();
  const chunks: Buffer[] = [];
  let end: Delivered['end'] = 'closed';
  const socket = connect({ ...to, allowHalfOpen: true }, () => socket.write(bytes));
  let quiet = endHalfSoon();
  const deadline = setTimeout(() => {
    end = 'hung';
    socket.destroy();
  }, DEADLINE_MS);
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    clearTimeout(quiet);
    quiet = endHalfSoon();
    // A stream of events never ends by itself.
    if (chunk.includes('text/event-stream')) socket.destroy();
  });
  socket.on('end', () => socket.end());
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'ECONNREFUSED' || code === 'ENOENT') end = 'refused';
  });
  socket.on('close', () => {
    clearTimeout(quiet);
    clearTimeout(deadline);
    resolve({ text: Buffer.concat(chunks).toString('latin1'), end });
  });
  return promise;

  function endHalfSoon(): NodeJS.Timeout | undefined {
    return endsHalf ? setTimeout(() => socket.end(), QUIET_MS) : undefined;
  }
}
