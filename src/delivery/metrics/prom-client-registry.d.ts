/**
 * The part of prom-client that writes the text. Its counters keep their values themselves, and its whole brings clusters,
 * a push gateway and OpenTelemetry: none of it is needed here. The deep path has no types of its own.
 */
declare module 'prom-client/lib/registry.js' {
  import { Registry } from 'prom-client';

  export = Registry;
}
