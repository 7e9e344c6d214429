import { describe, expect, test } from 'vitest';
import { formatConfigError } from '../../src/config/config-error.ts';
import { resolveSettings } from '../../src/config/resolve.ts';
import { surfaceNames } from '../../src/domain/caller.ts';

async function resolved(text: string) {
  const result = await resolveSettings({ file: { path: 'c.toml', text }, env: {}, flags: {} });
  if (result.ok) return { rules: result.settings.rules, errors: [] };
  return { rules: [], errors: result.errors.map(formatConfigError) };
}

const NONE = { user: '', group: '', unit: '', exe: '', surfaces: surfaceNames };

test('rules keep the order of the file, of both kinds together, and where they stand', async () => {
  const { rules, errors } = await resolved(`
[[deny]]
user = "nobody"
[[allow]]
group = "backup"
surfaces = ["agent_socket", "imds_endpoint"]
[log]
level = "info"
[[deny]]
unit = "web@1.service"
exe = "/usr/bin/python3.11"
surfaces = ["line_socket"]
[[allow]]
user = "1001"`);
  expect(errors).toEqual([]);
  expect(rules).toEqual([
    { ...NONE, verdict: 'deny', user: 'nobody', place: 'c.toml:2' },
    {
      ...NONE,
      verdict: 'allow',
      group: 'backup',
      surfaces: ['agent_socket', 'imds_endpoint'],
      place: 'c.toml:4',
    },
    {
      ...NONE,
      verdict: 'deny',
      unit: 'web@1.service',
      exe: '/usr/bin/python3.11',
      surfaces: ['line_socket'],
      place: 'c.toml:9',
    },
    { ...NONE, verdict: 'allow', user: '1001', place: 'c.toml:13' },
  ]);
});

test.each(['', 'allow = []', 'deny = []\nallow = []'])('there are none in %j', async (text) => {
  expect(await resolved(text)).toEqual({ rules: [], errors: [] });
});

const UNIX =
  'must be about agent_socket and line_socket alone: over TCP neither unit nor exe of a caller is known';

describe('what is wrong with a rule', () => {
  test.each([
    ['[[allow]]', '1:3: allow must name a user, group, unit or exe; found [[allow]]. Write one of'],
    ['[[deny]]\nsurfaces = ["line_socket"]', '1:3: deny must name a user, group, unit or exe; found'],
    ['[[allow]]\nuser = ""', '2:8: allow.user must not be empty; found "". Write its value'],
    ['[[deny]]\nuser = "a"\ngroup = ""', '3:9: deny.group must not be empty; found ""'],
    ['[[allow]]\nuser = "a"\nsurfaces = []', '3:12: allow.surfaces must not be empty; found []'],
    [
      '[[allow]]\nuser = 1001',
      "2:8: allow.user must be a user's name or number, as a string, not as an integer",
    ],
    ['[[allow]]\nuser = "a:b"', "2:8: allow.user must be a user's name or number; found"],
    ['[[allow]]\ngroup = "-x"', "2:9: allow.group must be a group's name or number; found"],
    [
      '[[allow]]\nusers = ["a"]',
      '2:1: allow.users is not a key that this version of rolekeeper knows; found ["a"]. Did you mean allow.user?',
    ],
    ['[[allow]]\nuser = "a"\nsurface = "b"', 'Did you mean allow.surfaces?'],
    [
      '[[allow]]\nuser = "a"\nsurfaces = ["agent"]',
      '3:12: allow.surfaces must be a list of surfaces: agent_socket, line_socket, container_endpoint and imds_endpoint; found',
    ],
    ['[[allow]]\nuser = "a"\nsurfaces = ["imds_endpoints"]', 'Did you mean imds_endpoint?'],
    [
      '[[deny]]\nunit = "web"',
      '2:8: deny.unit must be the name of a systemd unit that ends in .service or .scope; found "web". Write web.service.',
    ],
    ['[[deny]]\nunit = "../web.service"', '2:8: deny.unit must be the name of a systemd unit'],
    [
      '[[deny]]\nexe = "aws"',
      '2:7: deny.exe must be the absolute path of a program, with its links resolved; found "aws"',
    ],
    ['[[deny]]\nexe = "/usr/../aws"', '2:7: deny.exe must be the absolute path'],
    [
      '[[allow]]\nexe = "/usr/bin/aws"\nsurfaces = ["agent_socket"]',
      '1:3: allow must name a user, group or unit beside exe: any user can start a program',
    ],
    [
      '[[allow]]\nunit = "web.service"',
      `1:3: allow ${UNIX}; found [[allow]]. Add surfaces = ["agent_socket", "line_socket"].`,
    ],
    [
      '[[deny]]\nexe = "/a"\nsurfaces = ["agent_socket", "imds_endpoint"]',
      `1:3: deny ${UNIX}; found [[deny]]. Remove imds_endpoint from surfaces`,
    ],
    [
      '[allow]\nuser = "a"',
      '1:2: allow must be sections, one for each rule, not a table; found [allow]. Write [[allow]]',
    ],
    ['allow = "a"', '1:1: allow must be sections, one for each rule, not a string'],
  ])('%j', async (text, error) => {
    const { errors } = await resolved(text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(error);
  });

  test('is told for all of them, in the order of the file', async () => {
    const { errors } = await resolved('[[deny]]\nuser = ""\n[[allow]]\nunit = "x"\n[log]\nlevel = "?"');
    expect(errors.map((error) => error.split(' ', 2).join(' '))).toEqual([
      'c.toml:2:8: deny.user',
      'c.toml:4:8: allow.unit',
      'c.toml:6:9: log.level',
    ]);
  });
});

describe('authorize = "user"', () => {
  const BY_USER = '[container_endpoint]\nauthorize = "user"\n';
  const error =
    'c.toml:2:13: container_endpoint.authorize must be token where no [[allow]] for container_endpoint names a user or group; found "user". Write such a rule';

  test.each(['user = "backup"', 'group = "backup"', 'user = "a"\nsurfaces = ["container_endpoint"]'])(
    'goes with an [[allow]] of %j',
    async (rule) => {
      expect((await resolved(`${BY_USER}[[allow]]\n${rule}`)).errors).toEqual([]);
    },
  );

  test.each(['', '[[deny]]\nuser = "backup"', '[[allow]]\nuser = "backup"\nsurfaces = ["agent_socket"]'])(
    'does not go with %j',
    async (rules) => {
      const { errors } = await resolved(`${BY_USER}${rules}`);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain(error);
    },
  );

  test('is refused by variable and flag, too', async () => {
    const env = { ROLEKEEPER_CONTAINER_ENDPOINT_AUTHORIZE: 'user' };
    const result = await resolveSettings({ env, flags: {} });
    expect(result.ok ? [] : result.errors.map(formatConfigError)).toEqual([
      expect.stringContaining(
        'ROLEKEEPER_CONTAINER_ENDPOINT_AUTHORIZE: container_endpoint.authorize must be token',
      ),
    ]);
  });
});
