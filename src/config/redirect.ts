import { type Candidate, originOf } from './candidate.ts';
import type { ListenAddress } from './listener-values.ts';
import type { SettingKey } from './settings.ts';

/**
 * Users can only be redirected to an endpoint that is there, at a port that is known beforehand: without one, each of
 * their requests for IMDS would fail.
 */
export function redirectSomewhere(chosen: readonly Candidate[]): readonly Candidate[] {
  const users = find(chosen, 'network.redirect_users');
  const enabled = find(chosen, 'imds_endpoint.enabled');
  const listen = find(chosen, 'imds_endpoint.listen');
  if (!users?.parsed.ok || (users.parsed.value as readonly string[]).length === 0) return chosen;
  if (enabled?.parsed.ok && enabled.parsed.value === false) {
    return refuse(
      `must be empty while imds_endpoint.enabled is false (${originOf(enabled.place)})`,
      'Write enabled = true in [imds_endpoint]: that is where they are sent.',
    );
  }
  if (listen?.parsed.ok && (listen.parsed.value as ListenAddress).port === 0) {
    return refuse(
      `must be empty while imds_endpoint.listen has the port 0 (${originOf(listen.place)})`,
      'Give imds_endpoint.listen a port of its own, as 127.0.0.1:9912.',
    );
  }
  return chosen;

  function refuse(rule: string, nextStep: string): readonly Candidate[] {
    return chosen.map((each) => (each === users ? { ...each, parsed: { ok: false, rule, nextStep } } : each));
  }
}

function find(chosen: readonly Candidate[], key: SettingKey): Candidate | undefined {
  return chosen.find((each) => each.key === key);
}
