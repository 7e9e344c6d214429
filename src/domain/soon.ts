/**
 * What is there at once in nearly every case. A promise of it would cost each request memory and a turn of the queue, a
 * sixth of an answer with all the steps that a request goes through.
 */
export type Soon<T> = T | Promise<T>;

/** Goes on at once with what is there, else when it is. */
export function andThen<T, R>(value: Soon<T>, goOn: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
