import { writeSync } from 'node:fs';

/**
 * Writes to stdout (1) or stderr (2) without `process.stdout`, which loads the network stack where that is a pipe or a
 * socket. Resolves when all of it was taken; rejects with the system's error.
 */
export async function writeTo(descriptor: 1 | 2, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    // A pipe that is full and does not wait: the ordinary way does.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    await streamOut(descriptor === 1 ? process.stdout : process.stderr, bytes.subarray(written));
  }
}

function streamOut(stream: NodeJS.WriteStream, bytes: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.once('error', reject);
  stream.write(bytes, () => resolve());
  return promise;
}
