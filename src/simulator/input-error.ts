/** Something asked of the simulator (by code, flag or control request) that it does not take. The message says what it takes. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
