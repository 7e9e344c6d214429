import { posix } from 'node:path';
import { type Candidate, originOf } from './candidate.ts';
import { listenAddress, type optionalListenAddress } from './listener-values.ts';
import type { SettingKey } from './settings.ts';

interface Listeners {
  readonly first: Listener;
  readonly second: Listener;
}

interface Listener {
  readonly place: SettingKey;
  /** Undefined: it always listens. */
  readonly enabled: SettingKey | undefined;
}

const pairs: readonly Listeners[] = [
  {
    first: { place: 'agent_socket.path', enabled: undefined },
    second: { place: 'line_socket.path', enabled: 'line_socket.enabled' },
  },
  {
    first: { place: 'container_endpoint.listen', enabled: 'container_endpoint.enabled' },
    second: { place: 'imds_endpoint.listen', enabled: 'imds_endpoint.enabled' },
  },
  {
    first: { place: 'container_endpoint.listen', enabled: 'container_endpoint.enabled' },
    second: { place: 'metrics.listen', enabled: undefined },
  },
  {
    first: { place: 'imds_endpoint.listen', enabled: 'imds_endpoint.enabled' },
    second: { place: 'metrics.listen', enabled: undefined },
  },
];

/** Two surfaces cannot listen at one place: that is an error of the one that is not at its default. */
export function separateListeners(chosen: readonly Candidate[]): readonly Candidate[] {
  return pairs.reduce(separate, chosen);
}

function separate(chosen: readonly Candidate[], { first, second }: Listeners): readonly Candidate[] {
  const places = [first, second].map((each) => (isOn(chosen, each) ? find(chosen, each.place) : undefined));
  const [a, b] = places;
  const place = a && placeOf(a);
  if (a === undefined || b === undefined || place === undefined || place !== placeOf(b)) return chosen;
  const [blamed, other] = b.place.source === 'default' ? [a, b] : [b, a];
  const rule = `must be another than ${other.key} (${originOf(other.place)}): both listen there`;
  const refused: Candidate = { ...blamed, parsed: { ok: false, rule, nextStep: 'Change one of the two.' } };
  return chosen.map((each) => (each === blamed ? refused : each));
}

function isOn(chosen: readonly Candidate[], { enabled }: Listener): boolean {
  if (enabled === undefined) return true;
  const parsed = find(chosen, enabled)?.parsed;
  return parsed?.ok === true && parsed.value === true;
}

function find(chosen: readonly Candidate[], key: SettingKey): Candidate | undefined {
  return chosen.find((each) => each.key === key);
}

/** Undefined: no place that could be taken, as any port that is free, or none at all. */
function placeOf({ parsed }: Candidate): string | undefined {
  if (!parsed.ok) return undefined;
  if (typeof parsed.value === 'string') return posix.normalize(parsed.value);
  const address = parsed.value as Parameters<typeof optionalListenAddress.format>[0];
  return address === undefined || address.port === 0 ? undefined : listenAddress.format(address);
}
