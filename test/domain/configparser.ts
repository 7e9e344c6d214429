import { spawnSync } from 'node:child_process';
import { programPath } from '../support/machine.ts';

/** A text's sections with their keys and values; or the reason why Python refuses it. */
export type Ini = Readonly<Record<string, Readonly<Record<string, string>>>> | string;

export const python = programPath('python3');

const SCRIPT = `
import configparser, io, json, sys
def read(text):
    parser = configparser.RawConfigParser(default_section=None)
    try:
        parser.read_file(io.StringIO(text.encode('latin-1').decode('utf-8', 'surrogateescape'), newline=None))
    except configparser.Error as error:
        return type(error).__name__
    back = lambda text: text.encode('utf-8', 'surrogateescape').decode('latin-1')
    return [[back(name), [[back(k), back(v)] for k, v in parser.items(name)]] for name in parser.sections()]
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
`;

/** Every text as botocore reads it: by Python's RawConfigParser, strict. One process reads them all; a character is a byte. */
export function readByPython(texts: readonly string[]): readonly Ini[] {
  const { stdout, stderr, status } = spawnSync(python ?? 'python3', ['-c', SCRIPT], {
    input: JSON.stringify(texts),
    maxBuffer: 256 * 1024 * 1024,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  type Pairs = readonly (readonly [section: string, keys: readonly (readonly [string, string])[]])[];
  return (JSON.parse(stdout) as (string | Pairs)[]).map((each) =>
    typeof each === 'string'
      ? each
      : Object.fromEntries(each.map(([section, keys]) => [section, Object.fromEntries(keys)])),
  );
}
