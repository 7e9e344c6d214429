import type httpModule from 'node:http';

/**
 * `node:http` without the price of importing it: an ES import reads every export, and the getters of `WebSocket` and
 * friends then load the whole of undici (33 ms of start-up and 8 MB of memory, measured on Node 26). This does not.
 */
export const http: typeof httpModule = process.getBuiltinModule('node:http');
