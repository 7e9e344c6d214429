import type { Held } from '../domain/life-state.ts';
import { containerJson, credentialProcessJson } from '../domain/wire-formats.ts';
import { JSON_TYPE, type ReadyReply, ready } from './reply.ts';

/** The answers of one set, rendered once however many consumers ask for it. */
export interface Answers {
  readonly container: ReadyReply;
  readonly credentialProcess: ReadyReply;
}

const rendered = new WeakMap<Held, Answers>();

export function answersFor(held: Held): Answers {
  let answers = rendered.get(held);
  if (answers === undefined) {
    answers = {
      container: json(containerJson(held)),
      credentialProcess: json(`${credentialProcessJson(held)}\n`),
    };
    rendered.set(held, answers);
  }
  return answers;
}

function json(body: string): ReadyReply {
  return ready({ status: 200, type: JSON_TYPE, body });
}
