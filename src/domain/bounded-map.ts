/** A map of at most so many entries: a new one pushes out the one that was not used for longest. */
export interface BoundedMap<V> {
  /** The value of the key, made if it is not there. Counts as use. */
  use(key: string, make: () => V): V;
  values(): IterableIterator<V>;
}

interface Entry<V> {
  readonly value: V;
  usedAt: number;
}

/** Using is all the time and writes a number; pushing out is rare and looks at them all. */
export function boundedMap<V>(most: number, onPushedOut: (value: V) => void = () => {}): BoundedMap<V> {
  const entries = new Map<string, Entry<V>>();
  let uses = 0;
  return {
    use(key, make) {
      uses += 1;
      const found = entries.get(key);
      if (found !== undefined) {
        found.usedAt = uses;
        return found.value;
      }
      if (entries.size >= most) pushOut();
      const value = make();
      entries.set(key, { value, usedAt: uses });
      return value;
    },
    *values() {
      for (const { value } of entries.values()) yield value;
    },
  };

  function pushOut(): void {
    let oldest: [string, Entry<V>] | undefined;
    for (const each of entries) {
      if (oldest === undefined || each[1].usedAt < oldest[1].usedAt) oldest = each;
    }
    if (oldest === undefined) return;
    entries.delete(oldest[0]);
    onPushedOut(oldest[1].value);
  }
}
