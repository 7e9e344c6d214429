import { checkAgent } from './checks/agent.ts';
import { checkAnswerSize } from './checks/answer-size.ts';
import { checkAnswerTime } from './checks/answer-time.ts';
import { checkClock } from './checks/clock.ts';
import { checkConfiguration } from './checks/configuration.ts';
import { checkDirectReaders } from './checks/direct-readers.ts';
import { checkFiles } from './checks/files.ts';
import { checkGroup } from './checks/group.ts';
import { checkImds } from './checks/imds.ts';
import { checkLife } from './checks/life.ts';
import { checkLockdown } from './checks/lockdown.ts';
import { checkProcessFile } from './checks/process-file.ts';
import { checkProfile } from './checks/profile.ts';
import { checkProxies } from './checks/proxies.ts';
import { checkShadowing } from './checks/shadowing.ts';
import { checkSurfaces } from './checks/surfaces.ts';
import { checkToken } from './checks/token.ts';
import { checkUriHost } from './checks/uri-host.ts';
import type { Examination } from './examination.ts';
import type { Finding } from './finding.ts';

/** Judges what was seen. Says something; `ok` where nothing is wrong; nothing where there is nothing to judge. */
type Check = (seen: Examination) => readonly Finding[];

/** In the order in which one would look. To add one: a file in `checks/`, a line here, its ids in `finding.ts`. */
const CHECKS: readonly Check[] = [
  checkConfiguration,
  checkAgent,
  checkGroup,
  checkImds,
  checkProfile,
  checkClock,
  checkLife,
  checkSurfaces,
  checkToken,
  checkProcessFile,
  checkUriHost,
  checkAnswerSize,
  checkAnswerTime,
  checkFiles,
  checkShadowing,
  checkProxies,
  checkLockdown,
  checkDirectReaders,
];

export function judge(seen: Examination): readonly Finding[] {
  return CHECKS.flatMap((check) => check(seen));
}
