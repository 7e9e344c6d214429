import { expect, expectTypeOf, test } from 'vitest';
import { type FileSinkSettings, fileSinkSettings } from '../../src/config/file-sink-settings.ts';
import type { ImdsEndpoint } from '../../src/config/imds-endpoint.ts';
import type { ListenAddress } from '../../src/config/listener-values.ts';
import { allSettings, camelCase, type SettingKey, type Settings } from '../../src/config/settings.ts';

test.each(allSettings)('the default of $key is a value of its type', ({ type, default: text }) => {
  expect(type.parse(text)).toMatchObject({ ok: true });
});

test.each(allSettings)('what is written for $key reads as the same value', ({ type, default: text }) => {
  const parsed = type.parse(text);
  const written = parsed.ok ? type.format(parsed.value) : '';
  const plain = type.fileKind === 'boolean' ? written : String(JSON.parse(written));
  expect(type.parse(plain)).toEqual(parsed);
});

test.each(fileSinkSettings)(
  'files.$name has a default or an example of its type, and says the same of it',
  ({ type, doc, default: text, example }) => {
    const parsed = type.parse(text ?? example ?? '');
    const written = JSON.parse(parsed.ok ? type.format(parsed.value) : '""') as string | string[];
    const again = Array.isArray(written) ? type.parseItems?.(written) : type.parse(written);
    expect(again).toEqual(parsed);
    expect(parsed.ok).toBe(true);
    expect(doc).toMatch(/^[A-Z][^\n]*[^.]\.$/);
  },
);

test('variables and flags follow from the key by one rule', () => {
  const names = Object.fromEntries(allSettings.map(({ key, variable, flag }) => [key, [variable, flag]]));
  expect(names).toMatchObject({
    'imds.endpoint': ['ROLEKEEPER_IMDS_ENDPOINT', '--imds-endpoint'],
    'imds.check_interval': ['ROLEKEEPER_IMDS_CHECK_INTERVAL', '--imds-check-interval'],
    'agent_socket.mode': ['ROLEKEEPER_AGENT_SOCKET_MODE', '--agent-socket-mode'],
  });
});

test.each(['key', 'variable', 'flag'] as const)('no two settings share a %s', (name) => {
  expect(new Set(allSettings.map((row) => row[name])).size).toBe(allSettings.length);
});

test.each(allSettings)('$key says what it is in one sentence', ({ doc }) => {
  expect(doc).toMatch(/^[A-Z][^\n]*[^.]\.$/);
});

test('names of the file become names of the code', () => {
  expect(['role', 'check_interval', 'a_b_c'].map(camelCase)).toEqual(['role', 'checkInterval', 'aBC']);
});

test('the type of the settings follows from the table', () => {
  expectTypeOf<Settings['imds']['endpoint']>().toEqualTypeOf<ImdsEndpoint>();
  expectTypeOf<Settings['imds']['checkInterval']>().toEqualTypeOf<number>();
  expectTypeOf<Settings['policy']['staticStability']>().toEqualTypeOf<'imds' | 'always' | 'never'>();
  expectTypeOf<Settings['agentSocket']['mode']>().toEqualTypeOf<number>();
  expectTypeOf<Settings['imdsEndpoint']['tokenlessUsers']>().toEqualTypeOf<readonly string[]>();
  expectTypeOf<Settings['containerEndpoint']['listen']>().toEqualTypeOf<ListenAddress>();
  expectTypeOf<Settings['lineSocket']['enabled']>().toEqualTypeOf<boolean>();
  expectTypeOf<Settings['files']>().toEqualTypeOf<readonly FileSinkSettings[]>();
  expectTypeOf<FileSinkSettings>().toEqualTypeOf<{
    readonly format: 'shared-credentials' | 'credential-process' | 'env';
    readonly path: string;
    readonly profile: string;
    readonly mode: number;
    readonly owner: string;
    readonly group: string;
    readonly onChange: readonly string[];
    readonly onChangeTimeout: number;
    readonly atWithdrawal: 'remove' | 'keep';
    readonly atStop: 'keep' | 'remove';
  }>();
  expectTypeOf<'imds.check_interval'>().toExtend<SettingKey>();
  expectTypeOf<'imds.nothing'>().not.toExtend<SettingKey>();
});
