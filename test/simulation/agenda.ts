/** What the world has in store, by elapsed time. What is due at one moment happens in the order in which it was planned. */
export class Agenda {
  readonly #items: { readonly at: number; readonly act: () => void }[] = [];

  /** Returns the way to call it off. */
  plan(at: number, act: () => void): () => void {
    const item = { at, act };
    let place = this.#items.length;
    while (place > 0 && (this.#items[place - 1]?.at ?? 0) <= at) place--;
    this.#items.splice(place, 0, item);
    return () => {
      const found = this.#items.indexOf(item);
      if (found !== -1) this.#items.splice(found, 1);
    };
  }

  nextAt(): number {
    return this.#items.at(-1)?.at ?? Number.POSITIVE_INFINITY;
  }

  takeNext(): (() => void) | undefined {
    return this.#items.pop()?.act;
  }
}
