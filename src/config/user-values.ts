import { type Parsed, quoted, textList, type ValueType } from './value-types.ts';

/** The last number that stands for a user or group: the one after it means "none" in chown(2). */
const LARGEST_ID = 0xffff_fffe;

/** A group by name or number; empty: the agent's own. */
export const group = account(
  "must be a group's name or number, or empty for the agent's own group",
  'Write a group that `getent group` lists.',
);

/** A user by name or number; empty: the agent's own. */
export const owner = account(
  "must be a user's name or number, or empty for the agent's own user",
  'Write a user that `getent passwd` lists.',
);

/** Of a rule: whose programs; empty: anybody's. */
export const ruleUser = account(
  "must be a user's name or number",
  'Write a user that `getent passwd` lists.',
);

/** Of a rule: programs in which group; empty: in any. */
export const ruleGroup = account(
  "must be a group's name or number",
  'Write a group that `getent group` lists.',
);

/** A user by name or number. */
export const user: ValueType<string> = {
  fileKind: 'string',
  rule: "must be a user's name or number",
  parse(text) {
    if (isAccount(text)) return { ok: true, value: text };
    return refused(user.rule, 'Write a user that `getent passwd` lists.');
  },
  format: quoted,
};

const USERS = "must be a list of users' names or numbers";

/** Users by name or number; none by default. */
export const users: ValueType<readonly string[]> = textList(USERS, (items) => {
  const bad = items.find((item) => !isAccount(item));
  if (bad === undefined) return undefined;
  const nextStep = bad === '' ? 'Remove the one that is empty.' : 'Write users that `getent passwd` lists.';
  return refused(USERS, nextStep);
});

function account(rule: string, nextStep: string): ValueType<string> {
  return {
    fileKind: 'string',
    rule,
    parse: (text) => (text === '' || isAccount(text) ? { ok: true, value: text } : refused(rule, nextStep)),
    format: quoted,
  };
}

/** Names of directory services may hold spaces, @ and \. */
function isAccount(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) <= LARGEST_ID;
  return /^(?![-+\s])[^:,/\p{Cc}]{1,256}(?<!\s)$/u.test(text);
}

function refused(rule: string, nextStep: string): Parsed<never> {
  return { ok: false, rule, nextStep };
}
