import type { Examination } from '../examination.ts';
import { type Finding, note } from '../finding.ts';
import { profileName } from './imds.ts';

/** Two names for what people take for one thing: IMDS lists the role, EC2 attaches the profile. */
export function checkProfile({ imds }: Examination): readonly Finding[] {
  if (imds === undefined || !imds.outcome.ok) return [];
  const arn = imds.profile?.InstanceProfileArn;
  const { roleName } = imds.outcome.value;
  if (arn === undefined || profileName(imds.profile) === roleName) return [];
  return [
    note('profile-named-otherwise', {
      finding: `The role is ${roleName}, the instance profile that brings it is ${profileName(imds.profile)}`,
      evidence: `IMDS lists ${roleName}, and iam/info names ${arn}`,
      consequence:
        'None: a profile is a container for one role, and may have another name. Only imds.role, policies and the credentials go by the name of the role',
      nextStep: `Nothing. Write ${roleName} where a role is asked for, ${profileName(imds.profile)} where an instance profile is`,
    }),
  ];
}
