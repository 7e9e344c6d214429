/** What `rolekeeper doctor` can say. Closed: code and monitors branch on `id`, people read the rest. */

/** From the best to the worst. */
export const severities = ['ok', 'note', 'unknown', 'warning', 'problem'] as const;

/**
 * `note`: worth knowing, nothing to mend. `unknown`: this user, or this machine, does not let it be looked at.
 * `warning`: consumers are served, and something will hurt some of them. `problem`: somebody is not served.
 */
export type Severity = (typeof severities)[number];

/** Each with what it means, in one line: docs/doctor.md lists the same. */
export const findingMeanings = {
  'config-ok': 'the configuration can be read and is right',
  'config-invalid': 'the configuration is wrong: no agent starts with it',
  'config-unreadable': 'this user may not read the configuration: what depends on it is left out',

  'agent-ok': 'the agent answers on its socket',
  'agent-not-running': 'no agent answers on the socket',
  'agent-not-permitted': 'the socket exists and this user may not open it',
  'agent-silent': 'something accepts connections on the socket and does not answer',
  'agent-other-version': 'the running agent is of another version than this command',
  'port-taken': 'another program listens where a surface of the agent should',
  'group-ok': 'the group of the socket is there, and the socket belongs to it',
  'group-missing': 'the group that may use the socket does not exist',
  'group-wrong': 'the socket belongs to another group than the configured one',
  'group-login': 'this user was added to the group after it had logged in',

  'imds-ok': 'IMDS answers, and gives the credentials of a role',
  'imds-refused': 'the connection to IMDS is refused',
  'imds-connect-timeout': 'nothing answers to the connection attempt',
  'imds-unreachable': 'there is no way to the address of IMDS',
  'imds-hop-limit': 'IMDS takes the connection and never answers the token request',
  'imds-slow': 'IMDS does not answer in time',
  'imds-throttled': 'IMDS limits the requests of this instance',
  'imds-token-refused': 'IMDS answers 401 although a new token was sent',
  'imds-disabled': 'IMDS is switched off for this instance (403)',
  'no-role': 'no role is attached to the instance (404)',
  'profile-deleted': 'the attached instance profile was deleted, or made anew under its name',
  'profile-without-role': 'the attached instance profile has no role in it',
  'profile-named-otherwise': 'role and instance profile have different names, which is no fault',
  'role-mismatch': 'another role is attached than imds.role allows',
  'role-changed': 'the role is being replaced',
  'trust-policy': "the role's trust policy does not let EC2 assume it",
  'service-error': 'IMDS has no credentials for the role, and says why',
  'imds-expired-set': 'IMDS hands out a set that has expired',
  'imds-status': 'IMDS answers with a status that it does not use',
  'imds-malformed': 'what answers does not answer as IMDS does',
  'imds-agent-only': 'the agent reaches IMDS and this process does not, as a lockdown wants it',
  'imds-was-troubled': "the agent's last check failed, and IMDS answers now",
  'imds-not-asked': 'IMDS was not asked',
  'clock-ok': "this machine's clock agrees with IMDS",
  'clock-skew': "this machine's clock is off",
  'clock-unknown': 'IMDS did not say what time it is',

  'life-ok': 'the set lives longer than any client looks ahead',
  'life-short': 'the set is so near its end that clients ask at every use',
  'life-extended': 'an expired set is served on (static stability)',
  'not-served': 'the agent has nothing to serve',

  'surface-ok': 'a surface gives the set',
  'surface-refused': 'nothing listens where a surface should be',
  'surface-silent': 'a surface takes the connection and does not answer',
  'surface-foreign': 'something else answers where a surface should be',
  'surface-denied': 'a rule keeps the set from this user',
  'surface-empty': 'a surface answers that it has nothing to give',
  'surface-port-unknown': 'the port is picked at each start, so it cannot be asked',
  'token-ok': 'the container token is readable and has no newline',
  'token-missing': 'there is no container token',
  'token-unreadable': 'this user may not read the container token',
  'token-newline': 'the container token has a newline in it, which SDKs refuse to send',
  'token-refused': 'the container endpoint does not take the token of the file',
  'process-file-ok': 'the fast helper finds its file',
  'process-file-missing': 'the fast helper has no file to read',
  'uri-ok': 'every SDK accepts the address of the container endpoint',
  'uri-host': 'some SDKs refuse the address of the container endpoint',
  'size-ok': 'every SDK takes an answer of this size',
  'size-over': 'some SDKs cut or refuse an answer of this size',
  'time-ok': "answers come within every SDK's deadline",
  'time-over': "answers come later than some SDK's deadline",

  'files-ok': 'the configured files hold the set',
  'file-not-written': 'a configured file could not be written',
  'file-altered': 'somebody else wrote into a configured file',
  'writers-none': 'nothing else was seen to write credentials files',
  'other-writer': 'another program that writes credentials files is running',
  'shadow-none': 'nothing was found that programs would take before the agent',
  'shadow-own': 'variables of this shell come before the agent',
  'shadow-profile': 'a [default] profile with keys comes before the agent',
  'shadow-process': 'a running program was started with keys in its environment',
  'shadow-unseen': 'files or environments that this user may not read',
  'proxy-none': 'no proxy variable would catch IMDS',
  'proxy-own': 'a proxy variable of this shell would catch IMDS',
  'proxy-consumer': 'a consumer of the agent was started with a proxy variable and without NO_PROXY',
  'proxy-elsewhere': 'some program was started with a proxy variable and without NO_PROXY',

  'lockdown-ok': 'the packet rules in force are the configured ones',
  'lockdown-off': 'no packet rules are loaded: every program reaches IMDS',
  'lockdown-missing': 'packet rules are wanted and not in force',
  'lockdown-drift': 'the packet rules in force are not the configured ones',
  'lockdown-unknown': 'the packet rules could not be looked at',
  'direct-none': 'nobody but the agent was seen talking to IMDS',
  'direct-reader': 'another program talks to IMDS itself',
  'direct-unknown': 'the tables of sockets could not be read',
  'imdsv1-reader': 'a consumer asks as only IMDSv1 does',
} as const;

export type FindingId = keyof typeof findingMeanings;

export interface Finding {
  readonly id: FindingId;
  readonly severity: Severity;
  /** One sentence without its full stop: what was found. */
  readonly finding: string;
  /** What it was seen by: values, never a secret. */
  readonly evidence: string;
  /** Who is hurt, and how. Not for `ok`. */
  readonly consequence?: string;
  /** What to do now. Not for `ok`. */
  readonly nextStep?: string;
}

type Told = Required<Omit<Finding, 'id' | 'severity'>>;

export function ok(id: FindingId, finding: string, evidence: string): Finding {
  return { id, severity: 'ok', finding, evidence };
}

export function note(id: FindingId, told: Told): Finding {
  return { id, severity: 'note', ...told };
}

export function unknown(id: FindingId, told: Told): Finding {
  return { id, severity: 'unknown', ...told };
}

export function warning(id: FindingId, told: Told): Finding {
  return { id, severity: 'warning', ...told };
}

export function problem(id: FindingId, told: Told): Finding {
  return { id, severity: 'problem', ...told };
}

export function worstOf(findings: readonly Finding[]): Severity {
  const worst = Math.max(0, ...findings.map(({ severity }) => severities.indexOf(severity)));
  return severities[worst] ?? 'ok';
}
