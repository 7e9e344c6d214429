import { randomBytes } from 'node:crypto';

/** So many bytes that nobody can guess: for what secrets are made of, and for nothing else. */
export type SecretRandom = (bytes: number) => Uint8Array;

/** The kernel's generator, through OpenSSL's. */
export const systemSecretRandom: SecretRandom = (bytes) => randomBytes(bytes);
