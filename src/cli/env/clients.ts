/**
 * What each client can speak. The one place that knows it: the variables, the list and the advice all come from here.
 * A new client is one row in one of the two halves.
 */
import type { KnownClient } from './known-client.ts';
import { programClients } from './program-clients.ts';
import { sdkClients } from './sdk-clients.ts';

export const knownClients: readonly KnownClient[] = [...sdkClients, ...programClients];
