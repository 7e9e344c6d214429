/**
 * A value that cannot print itself: in a template, in JSON, in an inspected object or in an error it shows as `[secret]`.
 * `reveal()` is the one way to the text, so a reviewer finds every use by searching for it.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  /** What `node:util` inspect (and so the console) shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}
