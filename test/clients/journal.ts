/** All that programs, the agent and the simulator said in a run, for the search for secrets at its end. */
export interface Journal {
  readonly entries: ReadonlyMap<string, string>;
  add(who: string, text: string): void;
}

export function createJournal(): Journal {
  const entries = new Map<string, string>();
  return {
    entries,
    add: (who, text) => entries.set(who, `${entries.get(who) ?? ''}${text}\n`),
  };
}

/** The end of what a program said on its way out, short enough for a table. */
export function lastWords(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(-300);
}
