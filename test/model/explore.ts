import { canonical } from './canonical.ts';
import { judged, type Property, Violation } from './judge.ts';
import type { LiveAgent } from './process.ts';
import { mustRecover } from './recovery.ts';
import { type Model, successors } from './successors.ts';
import { BOOTED, type World } from './world.ts';

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Steps from the beginning up to which every state was looked at. */
  readonly depth: number;
  /** Undefined where every property holds in every state. */
  readonly counterexample: Counterexample | undefined;
}

export interface Counterexample {
  readonly property: Property;
  readonly found: string;
  /** The shortest way there: nothing shorter leads to a violation. */
  readonly steps: readonly string[];
}

/** The agent starts, and its first check is answered as it should be. */
const FIRST_STEPS = /^the agent starts$|^a check begins|^the document is answered|^a whole check/;

interface Node {
  readonly world: World;
  readonly text: string;
  readonly before: Node | undefined;
}

/**
 * Breadth first through every state that can be reached in `depth` steps, each once: from an instance that was just
 * booted, from an agent that serves its first set, and from the three states between the two.
 */
export async function explore(model: Model, depth: number): Promise<Exploration> {
  const visited = new Set<string>();
  let transitions = 0;
  let level: Node[] = [];
  let next: Node[] = [];
  let reached = 0;

  try {
    enter({ world: BOOTED, text: 'an instance is booted', before: undefined }, undefined);
    level = next;
    level.push(...(await firstSet(next)));
    for (; reached < depth && level.length > 0; reached++) {
      next = [];
      for (const node of level) await expand(node);
      level = next;
    }
    for (const node of level) await recovers(node);
    return { states: visited.size, transitions, depth: reached, counterexample: undefined };
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return { states: visited.size, transitions, depth: reached, counterexample: error.counterexample };
  }

  async function expand(node: Node): Promise<void> {
    try {
      for await (const { text, world, live } of successors(node.world, model)) {
        transitions++;
        enter({ world, text, before: node }, live);
      }
    } catch (error) {
      fail(node, error);
    }
    await recovers(node);
    if (model.source.overlap !== undefined) fail(node, new Violation('one-check', model.source.overlap));
  }

  /** Judges the state, and puts it in line if it is new. */
  function enter(node: Node, live: LiveAgent | undefined): void {
    try {
      const ledger = judged(node.world, live, model.code);
      const world = ledger === node.world.ledger ? node.world : { ...node.world, ledger };
      const key = canonical(world, live);
      if (visited.has(key)) return;
      visited.add(key);
      next.push({ ...node, world });
    } catch (error) {
      fail(node, error);
    }
  }

  async function recovers(node: Node): Promise<void> {
    await mustRecover(node.world, model).catch((error) => {
      const text = 'all is well from here on, and a check is made';
      fail({ world: node.world, text, before: node }, error);
    });
  }

  /** The states on the way to the first set: without them, most steps of a history would be spent on its beginning. */
  async function firstSet(beginning: readonly Node[]): Promise<Node[]> {
    const way: Node[] = [];
    let nodes = beginning;
    for (let steps = 3; steps > 0; steps--) {
      next = [];
      for (const node of nodes) {
        for await (const { text, world, live } of successors(node.world, model)) {
          if (!FIRST_STEPS.test(text)) continue;
          enter({ world, text, before: node }, live);
          break;
        }
      }
      nodes = next;
      way.push(...next);
    }
    return way;
  }

  function fail(node: Node, error: unknown): never {
    if (!(error instanceof Violation)) throw error;
    const steps: string[] = [];
    for (let each: Node | undefined = node; each !== undefined; each = each.before) steps.unshift(each.text);
    throw new Failed({ property: error.property, found: error.message, steps });
  }
}

class Failed extends Error {
  readonly counterexample: Counterexample;

  constructor(counterexample: Counterexample) {
    super(counterexample.found);
    this.counterexample = counterexample;
  }
}
