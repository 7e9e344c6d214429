import type { Row } from './row.ts';
import type { Stage } from './stage.ts';

/** Other programs that serve credentials on loopback. */
export async function peers(_stage: Stage): Promise<readonly Row[]> {
  return [];
}
