/** A map of at most so many entries: a new one pushes out the one that was not used for longest. */
export interface BoundedMap<V> {
  /** The value of the key, made if it is not there. Counts as use. */
  use(key: string, make: () => V): V;
  values(): IterableIterator<V>;
}

export function boundedMap<V>(most: number, onPushedOut: (value: V) => void = () => {}): BoundedMap<V> {
  const entries = new Map<string, V>();
  return {
    use(key, make) {
      let value = entries.get(key);
      if (value === undefined) {
        if (entries.size >= most) pushOut();
        value = make();
      } else {
        entries.delete(key);
      }
      entries.set(key, value);
      return value;
    },
    values: () => entries.values(),
  };

  function pushOut(): void {
    for (const [key, value] of entries) {
      entries.delete(key);
      onPushedOut(value);
      return;
    }
  }
}
