/**
 * Resolves when no promise job is left to run: everything that the last timer or answer set off has come to rest. Node
 * runs ticks only once the queue of promise jobs is empty, so a tick asked for from a promise job comes after them
 * all. It costs under a microsecond, where a turn of the event loop costs several, and needs no timer.
 */
export function drained(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}

/** A real turn of the event loop, in which the runtime clears away what only a turn lets it clear (weak references). */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
