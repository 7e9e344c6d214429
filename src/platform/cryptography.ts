import type cryptoModule from 'node:crypto';

/**
 * What of `node:crypto` rolekeeper uses, loaded at the first use: that takes 7 ms, and nothing needs it before the first
 * request with a token.
 */
let loaded: typeof cryptoModule | undefined;

function crypto(): typeof cryptoModule {
  loaded ??= process.getBuiltinModule('node:crypto');
  return loaded;
}

export function hmacSha256(key: Buffer, content: Buffer): Buffer {
  return crypto().createHmac('sha256', key).update(content).digest();
}

/** Of two that are equally long; how long it takes says nothing about where they differ. */
export function timingSafeEqual(a: Buffer, b: Buffer): boolean {
  return crypto().timingSafeEqual(a, b);
}
