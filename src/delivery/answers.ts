import type { Held } from '../domain/life-state.ts';
import { containerJson, credentialProcessJson } from '../domain/wire-formats.ts';

/** The bodies of one set, rendered once however many consumers ask for it. */
export interface Answers {
  readonly container: Buffer;
  readonly credentialProcess: Buffer;
}

const rendered = new WeakMap<Held, Answers>();

export function answersFor(held: Held): Answers {
  let answers = rendered.get(held);
  if (answers === undefined) {
    answers = {
      container: Buffer.from(containerJson(held)),
      credentialProcess: Buffer.from(`${credentialProcessJson(held)}\n`),
    };
    rendered.set(held, answers);
  }
  return answers;
}
