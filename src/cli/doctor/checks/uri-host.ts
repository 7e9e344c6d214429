import { authorityOf } from '../../../platform/tcp-listener.ts';
import type { Examination } from '../examination.ts';
import { type Finding, ok, warning } from '../finding.ts';
import { HOST_RULES } from '../sdk-facts.ts';

export function checkUriHost({ configuration: { settings } }: Examination): readonly Finding[] {
  if (!settings?.containerEndpoint.enabled) return [];
  const { listen } = settings.containerEndpoint;
  const url = `http://${authorityOf(listen)}`;
  const refusing = HOST_RULES.filter(({ accepts }) => !accepts(listen.host)).map(({ sdk }) => sdk);
  if (refusing.length === 0)
    return [ok('uri-ok', 'Every SDK accepts the address of the container endpoint', url)];
  return [
    warning('uri-host', {
      finding: 'Some SDKs refuse the address of the container endpoint',
      evidence: `${url} is refused by: ${refusing.join('; ')}`,
      consequence: 'Programs that use them get an error about the host, and no credentials',
      nextStep: 'Use 127.0.0.1: listen in [container_endpoint], and AWS_CONTAINER_CREDENTIALS_FULL_URI',
    }),
  ];
}
