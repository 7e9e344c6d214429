import type { SourceError, SourceErrorKind } from '../../../domain/errors.ts';
import { formatTimestamp } from '../../../domain/timestamps.ts';
import type { Examination } from '../examination.ts';
import { type Finding, type FindingId, note, ok, problem, unknown, warning } from '../finding.ts';
import type { Exchange, ImdsSeen, ProfileDocument } from '../look/imds.ts';

export function checkImds(seen: Examination): readonly Finding[] {
  const { imds, agent, machine } = seen;
  if (imds === undefined) return [notAsked()];
  const { outcome } = imds;
  const agentTrouble = agent.isUp ? agent.status.reason : undefined;
  if (outcome.ok && outcome.value.credentials.expiration <= machine.clock.now()) {
    const ended = formatTimestamp(outcome.value.credentials.expiration);
    const message = `It ended at ${ended}. Look at the AWS Health Dashboard (EC2 and IAM of this region), and at the clock`;
    return [failure(seen, imds, { kind: 'expired-document', message })];
  }
  if (outcome.ok) {
    if (agentTrouble !== undefined) return [wasTroubled(seen, imds, agentTrouble)];
    const { roleName, accountId } = outcome.value;
    const account = accountId === undefined ? '' : ` of account ${accountId}`;
    return [ok('imds-ok', `IMDS gives the credentials of role ${roleName}${account}`, told(imds))];
  }
  // Refused here while the agent is well: packet rules let only its user through. There is more than one way to make such.
  if (agent.isUp && agent.status.condition === 'ok' && outcome.error.kind === 'unreachable') {
    return [agentOnly(seen, imds)];
  }
  return [failure(seen, imds, outcome.error)];
}

/** By kind: an id, and what it means to somebody who has minutes. The error's own message has the next step. */
const FAILURES: Readonly<Record<SourceErrorKind, readonly [id: FindingId, finding: string]>> = {
  unreachable: ['imds-unreachable', 'There is no way to the address of IMDS'],
  'token-unanswered': [
    'imds-hop-limit',
    'IMDS takes the connection and never answers the token request: the hop limit is too low for where this runs',
  ],
  timeout: ['imds-slow', 'IMDS does not answer in time'],
  throttled: ['imds-throttled', 'IMDS limits the requests of this instance'],
  'token-refused': ['imds-token-refused', 'IMDS answers 401 although a new token was sent'],
  'imds-disabled': ['imds-disabled', 'IMDS is switched off for this instance'],
  'no-role': ['no-role', 'No role is attached to this instance'],
  'role-mismatch': ['role-mismatch', 'Another role is attached than the configured one'],
  'role-changed': ['role-changed', 'The role is being replaced at this moment'],
  'service-error': ['service-error', 'IMDS has no credentials for the role'],
  'expired-document': ['imds-expired-set', 'IMDS hands out a set that has expired'],
  'unexpected-status': ['imds-status', 'IMDS answers with a status that it does not use'],
  malformed: ['imds-malformed', 'What answers at the address of IMDS does not answer as IMDS does'],
};

function failure(seen: Examination, imds: ImdsSeen, error: SourceError): Finding {
  const { id, finding, nextStep } = explained(imds, error);
  const { agent } = seen;
  const isServed = agent.isUp && agent.status.serving;
  const consequence = isServed
    ? `The agent serves what it holds until ${agent.status.advertised_expiration}, and nobody after that`
    : 'There is nothing to serve: every consumer is refused';
  const [serviceSays] = /Code is .*(?=, the rule is Success)/s.exec(error.message) ?? [];
  const evidence = [...(serviceSays === undefined ? [] : [serviceSays]), told(imds)].join('; ');
  const said = { finding, evidence, consequence, nextStep };
  return isServed ? warning(id, said) : problem(id, said);
}

function explained(
  { exchanges, profile }: ImdsSeen,
  error: SourceError,
): { id: FindingId; finding: string; nextStep: string } {
  const [id, finding] = FAILURES[error.kind];
  const step = nextStepOf(error);
  if (error.kind === 'unreachable') return unreachable(exchanges, step);
  if (error.kind === 'service-error' && error.code?.toLowerCase() === 'assumeroleunauthorizedaccess') {
    return {
      id: 'trust-policy',
      finding: 'EC2 may not assume the role: its trust policy does not name ec2.amazonaws.com',
      nextStep: step,
    };
  }
  const gone = profile?.Code === 'InstanceProfileNotFound';
  if (gone) {
    return {
      id: 'profile-deleted',
      finding: `The attached instance profile was deleted, or made anew under the same name (${profileName(profile)})`,
      nextStep:
        'Disassociate it and associate the one that exists: aws ec2 describe-iam-instance-profile-associations, then replace-iam-instance-profile-association',
    };
  }
  if (error.kind === 'no-role' && profile !== undefined) {
    return {
      id: 'profile-without-role',
      finding: `The attached instance profile has no role in it (${profileName(profile)})`,
      nextStep: `aws iam add-role-to-instance-profile --instance-profile-name ${profileName(profile)} --role-name ROLE`,
    };
  }
  return {
    id,
    finding: error.kind === 'service-error' ? `${finding}: Code is ${error.code}` : finding,
    nextStep: step,
  };
}

function unreachable(exchanges: readonly Exchange[], step: string) {
  const details = exchanges.map(({ answer }) => ('detail' in answer ? answer.detail : ''));
  if (details.some((detail) => detail.includes('ECONNREFUSED'))) {
    return {
      id: 'imds-refused' as const,
      finding: 'The connection to IMDS is refused',
      nextStep:
        'Look for packet rules that reject it (nft list ruleset, iptables -S; a lockdown lets only network.agent_user through: run this as that user), and compare imds.endpoint',
    };
  }
  if (details.some((detail) => detail.includes('no connection within'))) {
    return {
      id: 'imds-connect-timeout' as const,
      finding: 'Nothing answers to the connection attempt',
      nextStep:
        'Look for packet rules that drop it, and for a route that leads it away (ip route get 169.254.169.254); outside EC2 there is no IMDS',
    };
  }
  const [id, finding] = FAILURES.unreachable;
  return { id, finding, nextStep: step };
}

/** A message of the IMDS client is what was found, then what to do about it: the part from its first imperative on. */
function nextStepOf({ message }: SourceError): string {
  const step =
    /(?:^|[.:] )(Attach|Raise|Switch|Look|Check|check|rolekeeper asks|Its trust policy has|The next check)\b.*$/s.exec(
      message,
    );
  const text = step === null ? message : step[0].replace(/^[.:] /, '');
  return text.startsWith('rolekeeper') ? text : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** `GET /latest/…: 200, 512 bytes, 3 ms` for the last of each, the client's own question for the account left out. */
function told({ exchanges, askedAs }: ImdsSeen): string {
  const asked = exchanges.filter(
    ({ request, answer }) =>
      !request.includes('/instance-identity/') && !('failure' in answer && answer.failure === 'cancelled'),
  );
  if (asked.length === 0) return 'no request was made';
  const last = asked.slice(-3).map(({ request, origin, ms, answer }) => {
    const what =
      'status' in answer ? `${answer.status}, ${answer.bytes} bytes` : `${answer.failure} (${answer.detail})`;
    return `${request} at ${origin}: ${what}, ${ms} ms`;
  });
  return `${askedAs === undefined ? '' : `asked as user ${askedAs}: `}${last.join('; ')}`;
}

function agentOnly({ agent }: Examination, imds: ImdsSeen): Finding {
  const at = agent.isUp ? agent.status.last_check?.at : undefined;
  return note('imds-agent-only', {
    finding: 'The agent reaches IMDS, and this process does not',
    evidence: `the agent's last check, at ${at}, was good; here: ${told(imds)}`,
    consequence: 'None, if that is meant: a lockdown lets only the user of the agent through',
    nextStep:
      'rolekeeper network check (as root) says whether these are the rules that were meant. If IMDS went away this minute, the agent says so within the next',
  });
}

function wasTroubled({ agent }: Examination, imds: ImdsSeen, reason: string): Finding {
  const { message = '', failed_checks = 0 } = agent.isUp ? agent.status : {};
  return warning('imds-was-troubled', {
    finding: "The agent's last check failed, and IMDS answers now",
    evidence: `${failed_checks} failed checks, reason ${reason}: ${message}; now: ${told(imds)}`,
    consequence: 'None if it was a moment: the agent asks again within a minute',
    nextStep:
      'Run rolekeeper doctor again in a minute. If this stays, agent and command are not in the same place: another network namespace, another user in the packet rules, another imds.endpoint',
  });
}

function notAsked(): Finding {
  return unknown('imds-not-asked', {
    finding: 'IMDS was not asked',
    evidence: 'flags or variables about the configuration are wrong, so where IMDS is cannot be known',
    consequence: 'This report says nothing about it',
    nextStep: 'Correct what config-invalid names, and run rolekeeper doctor again',
  });
}

export function profileName(profile: ProfileDocument | undefined): string {
  const arn = profile?.InstanceProfileArn ?? '';
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  return /^[\w+=,.@-]{1,128}$/.test(name) ? name : 'its name is not given';
}
