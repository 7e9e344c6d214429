import { formatDuration } from '../domain/duration.ts';
import { type Candidate, originOf } from './candidate.ts';

/**
 * A request cannot be shorter than the connection it begins with. Of two timeouts that contradict each other, a
 * connect_timeout left at its default gives way, so that one short request_timeout (or AWS_METADATA_SERVICE_TIMEOUT)
 * suffices; two that do not fit and were both meant are an error.
 */
export function settleTimeouts(chosen: readonly Candidate[]): readonly Candidate[] {
  const connect = chosen.find(({ key }) => key === 'imds.connect_timeout');
  const request = chosen.find(({ key }) => key === 'imds.request_timeout');
  if (connect === undefined || request === undefined) return chosen;
  const most = lengthOf(request);
  const wanted = lengthOf(connect);
  if (most === undefined || wanted === undefined || wanted <= most) return chosen;
  if (connect.place.source === 'default') return replaced(chosen, { ...connect, parsed: request.parsed });
  return replaced(chosen, {
    ...connect,
    parsed: {
      ok: false,
      rule: `must not be longer than imds.request_timeout, which is ${formatDuration(most)} (${originOf(request.place)})`,
      nextStep: 'Shorten it, or lengthen imds.request_timeout.',
    },
  });
}

function lengthOf({ parsed }: Candidate): number | undefined {
  return parsed.ok && typeof parsed.value === 'number' ? parsed.value : undefined;
}

function replaced(chosen: readonly Candidate[], candidate: Candidate): readonly Candidate[] {
  return chosen.map((each) => (each.key === candidate.key ? candidate : each));
}
