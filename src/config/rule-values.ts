import { type SurfaceName, surfaceNames } from '../domain/caller.ts';
import { nearest } from './nearest.ts';
import { listed, type Parsed, quoted, textList, type ValueType } from './value-types.ts';

/** One that systemd runs itself; empty: any, and none. */
export const unitName: ValueType<string> = {
  fileKind: 'string',
  rule: 'must be the name of a systemd unit that ends in .service or .scope',
  parse(text) {
    if (text === '' || /^[\w:.\\@-]{1,247}\.(service|scope)$/.test(text)) return { ok: true, value: text };
    const bare = /^[\w:\\@-]+$/.test(text);
    return refused(unitName.rule, bare ? `Write ${text}.service.` : 'Write one that `systemctl` lists.');
  },
  format: quoted,
};

/** Empty: any. */
export const programPath: ValueType<string> = {
  fileKind: 'string',
  rule: 'must be the absolute path of a program, with its links resolved',
  parse(text) {
    const isPath = /^\/[^\p{Cc}]*[^/\p{Cc}]$/u.test(text) && !/\/(\.{0,2})\//.test(text);
    if (text === '' || isPath) return { ok: true, value: text };
    return refused(programPath.rule, 'Write what `realpath` prints for it.');
  },
  format: quoted,
};

const SURFACES = `must be a list of surfaces: ${listed(surfaceNames, 'and')}`;

/** None: all of them. */
export const surfaceList: ValueType<readonly SurfaceName[]> = {
  ...(textList(SURFACES, (items) => {
    const bad = items.find((item) => !surfaceNames.some((name) => name === item));
    if (bad === undefined) return undefined;
    const meant = nearest(bad, surfaceNames);
    return refused(SURFACES, meant === undefined ? 'Write only these words.' : `Did you mean ${meant}?`);
  }) as ValueType<readonly SurfaceName[]>),
};

function refused(rule: string, nextStep: string): Parsed<never> {
  return { ok: false, rule, nextStep };
}
