import { BlockList, isIP } from 'node:net';
import { candidateOrigins } from '../../../imds/endpoint.ts';
import type { Examination } from '../examination.ts';
import { type Finding, note, ok, warning } from '../finding.ts';
import { type ProcessSeen, processName } from '../look/processes.ts';

/** Those that catch plain HTTP. */
const PROXIES = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'];
const EXCEPTIONS = ['no_proxy', 'NO_PROXY'];
const SHOWN = 5;
/** For people and for NO_PROXY: the address of IMDS itself. */
const IMDS = new URL(candidateOrigins('ipv4')[0] ?? '').hostname;

/** Proxy variables that would catch requests for IMDS, or for the endpoint that stands in for it. */
export function checkProxies(seen: Examination): readonly Finding[] {
  const findings = [...own(seen), ...others(seen)];
  return findings.length > 0
    ? findings
    : [
        ok(
          'proxy-none',
          'No proxy variable would catch IMDS',
          `in this shell and in ${seen.processes.length} processes`,
        ),
      ];
}

const CONSEQUENCE =
  "Python programs (boto3, the AWS CLI) ask IMDS through the proxy: they get an error, or the role of the proxy's host. The agent itself knows no proxies";
const NEXT_STEP = `NO_PROXY=${IMDS},127.0.0.1,localhost beside it, in both spellings: rolekeeper env --for NAME prints it`;

function own({ machine: { env }, configuration }: Examination): readonly Finding[] {
  const proxies = PROXIES.filter((name) => (env[name] ?? '') !== '');
  const direct = EXCEPTIONS.flatMap((name) => (env[name] ?? '').split(',')).map((entry) => entry.trim());
  const hosts = [
    IMDS,
    ...(configuration.settings?.imdsEndpoint.enabled
      ? [configuration.settings.imdsEndpoint.listen.host]
      : []),
  ];
  const caught = hosts.filter((host) => !direct.some((entry) => isExcepted(host, entry)));
  if (proxies.length === 0 || caught.length === 0) return [];
  return [
    warning('proxy-own', {
      finding: 'A proxy variable of this shell would catch IMDS',
      evidence: `${proxies.join(', ')} set, and NO_PROXY does not name ${caught.join(', ')}`,
      consequence: CONSEQUENCE,
      nextStep: NEXT_STEP,
    }),
  ];
}

/** By name alone: what stands in NO_PROXY of others is not read, so that having one counts as enough. */
function others(seen: Examination): readonly Finding[] {
  const { processes, agent, machine } = seen;
  const caught = processes.filter(
    ({ names }) =>
      names !== undefined &&
      PROXIES.some((name) => names.has(name)) &&
      !EXCEPTIONS.some((name) => names.has(name)),
  );
  const callers = agent.isUp ? agent.callers : [];
  const isConsumer = ({ uid, exe }: ProcessSeen) =>
    callers.some((row) => row.uid === uid && (row.exe === undefined || row.exe === exe));
  const consumers = caught.filter(isConsumer);
  const strangers = caught.filter((each) => !isConsumer(each));
  const told = (list: readonly ProcessSeen[]) => {
    const first = list.slice(0, SHOWN).map((each) => {
      const names = PROXIES.filter((name) => each.names?.has(name));
      return `${processName(each, machine)}: ${names.join(', ')}`;
    });
    return [...first, ...(list.length > SHOWN ? [`and ${list.length - SHOWN} more`] : [])].join('; ');
  };
  return [
    ...(consumers.length === 0
      ? []
      : [
          warning('proxy-consumer', {
            finding: 'A consumer of the agent was started with a proxy variable and without NO_PROXY',
            evidence: told(consumers),
            consequence: CONSEQUENCE,
            nextStep: `${NEXT_STEP}; then start it again`,
          }),
        ]),
    ...(strangers.length === 0
      ? []
      : [
          note('proxy-elsewhere', {
            finding: 'Some programs were started with a proxy variable and without NO_PROXY',
            evidence: told(strangers),
            consequence: `None, if they do not use AWS. ${CONSEQUENCE}`,
            nextStep: NEXT_STEP,
          }),
        ]),
  ];
}

/** One entry of NO_PROXY, as most programs read it: a star, a host, a network. */
function isExcepted(host: string, entry: string): boolean {
  if (entry === '*' || entry === host) return true;
  const [network = '', bits = ''] = entry.split('/');
  if (isIP(network) !== 4 || !/^(\d|[12]\d|3[0-2])$/.test(bits) || isIP(host) !== 4) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits));
  return list.check(host);
}
