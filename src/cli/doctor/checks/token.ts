import type { Examination } from '../examination.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';

/** The file that SDKs send as it is: readable, and without a newline. */
export function checkToken({
  configuration,
  agent,
  token,
  tokenPath,
  machine,
}: Examination): readonly Finding[] {
  const { settings } = configuration;
  const isAsked = settings?.containerEndpoint.enabled && settings.containerEndpoint.authorize === 'token';
  if (!isAsked || !agent.isUp) return [];
  if (token.kind === 'readable') {
    if (!token.hasNewline) {
      return [
        ok(
          'token-ok',
          'The container token is readable and has no newline',
          `${tokenPath}, ${token.bytes} bytes`,
        ),
      ];
    }
    return [
      problem('token-newline', {
        finding: 'The container token has a newline in it',
        evidence: `${tokenPath} has ${token.bytes} bytes, a line break among them`,
        consequence:
          'boto3 raises ValueError, Go, Rust and others refuse to send it, the SDK for JavaScript asks without any token: whoever reads the file is refused',
        nextStep:
          'Something edited it. The agent writes a new one within a minute; a copy has to be made with printf %s or install, not with an editor or echo',
      }),
    ];
  }
  if (token.kind === 'closed') {
    return [
      warning('token-unreadable', {
        finding: 'This user may not read the container token',
        evidence: `${tokenPath}: ${token.code} for uid ${machine.uid}, groups ${[...machine.gids].join(', ')}`,
        consequence:
          'SDKs of this user that are led to the container endpoint fail, and do not go on elsewhere',
        nextStep: `Add the user to the group of the file (ls -l ${tokenPath}) and log in anew`,
      }),
    ];
  }
  return [
    problem('token-missing', {
      finding: 'There is no container token',
      evidence: `${tokenPath}: ${token.code}`,
      consequence: 'SDKs that are led to the container endpoint fail',
      nextStep:
        'The agent writes it again within a minute. If not, its log says why; or the running agent has container_endpoint off: systemctl restart rolekeeper',
    }),
  ];
}
