import type { Random } from '../domain/ports.ts';

/** For jitter only. */
export const systemRandom: Random = () => Math.random();
