/** What an `[[allow]]` or `[[deny]]` section may hold. */
import type { SurfaceName } from '../domain/caller.ts';
import type { ArrayRow } from './array-row.ts';
import { programPath, surfaceList, unitName } from './rule-values.ts';
import { ruleGroup, ruleUser } from './user-values.ts';

/** One rule. What is empty is not asked. */
export interface RuleSettings {
  readonly verdict: RuleSection;
  readonly user: string;
  readonly group: string;
  readonly unit: string;
  readonly exe: string;
  readonly surfaces: readonly SurfaceName[];
  /** `FILE:LINE` of its header. */
  readonly place: string;
}

/** Their names in the file. */
export const ruleSections = ['allow', 'deny'] as const;
export type RuleSection = (typeof ruleSections)[number];

export type RuleSettingName = Exclude<keyof RuleSettings, 'verdict' | 'place'>;

export const ruleSettings: readonly ArrayRow<RuleSettingName>[] = [
  {
    name: 'user',
    type: ruleUser,
    default: '',
    example: 'backup',
    doc: 'Whose programs.',
  },
  {
    name: 'group',
    type: ruleGroup,
    default: '',
    example: 'backup',
    doc: 'Programs in this group; over TCP, programs of its members.',
  },
  {
    name: 'unit',
    type: unitName,
    default: '',
    example: 'backup.service',
    doc: 'Programs that this unit of the system has started. Known of callers over Unix sockets only.',
  },
  {
    name: 'exe',
    type: programPath,
    default: '',
    example: '/usr/bin/backup',
    doc: 'This program. Known of callers over Unix sockets only, and only to an agent that runs as root or as the same user.',
  },
  {
    name: 'surfaces',
    type: surfaceList,
    default: '',
    example: 'agent_socket,imds_endpoint',
    doc: 'Where the rule counts; all of them if it is left out.',
  },
];
