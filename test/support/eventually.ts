import { settle } from './manual-clock.ts';

const MOST_TURNS = 300_000;

/** Lets the event loop turn until the condition holds. Throws where it never does: seconds later, whatever the machine. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await condition()); turn++) {
    if (turn === MOST_TURNS) throw new Error(`Waited in vain for: ${condition}`);
    await settle();
  }
}
