/**
 * Keeps V8 from optimising WebAssembly. The only one here is undici's HTTP parser, which reads two small answers a minute:
 * optimising it takes 89 ms of a processor and leaves 6 MB resident (measured on Node 26). To be called before the first
 * such code runs, and not at start-up: a flag set there makes Node reject its built-in code cache.
 */
export function keepWebAssemblyUnoptimised(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--wasm-tiering-budget=2000000000');
}
