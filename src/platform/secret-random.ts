import { closeSync, openSync, readSync } from 'node:fs';

/** So many bytes that nobody can guess: for what secrets are made of, and for nothing else. */
export type SecretRandom = (bytes: number) => Uint8Array;

/** The kernel's own generator (random(4)): `node:crypto` asks the same one, and takes 7 ms to load at every start. */
export const systemSecretRandom: SecretRandom = (bytes) => {
  const random = Buffer.alloc(bytes);
  const fd = openSync('/dev/urandom', 'r');
  try {
    for (let read = 0; read < bytes; ) read += readSync(fd, random, read, bytes - read, null);
    return random;
  } finally {
    closeSync(fd);
  }
};

/** Part of a name that no other process has thought of. */
export function randomName(bytes: number): string {
  return Buffer.from(systemSecretRandom(bytes)).toString('hex');
}
