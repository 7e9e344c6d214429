import type { Finding } from './finding.ts';
import type { SourceTree } from './source-tree.ts';
import { walk } from './syntax.ts';

/** Where the addresses are known, and what for. */
const KNOWN_TO: Readonly<Record<string, string>> = {
  'src/imds/endpoint.ts': 'asks them',
  'src/simulator/listen-address.ts': 'refuses to listen there',
  'src/delivery/imds-endpoint.ts': 'answers to their names',
  'src/network/ruleset.ts': 'refuses others the way there',
  'src/cli/env/no-proxy.ts': 'keeps them away from proxies',
  'scripts/architecture/metadata-address.ts': 'looks for them',
};
/** Text for people has spaces in it: help and messages may name what the code may not. */
const ADDRESS = /^\S*(169\\?\.254\\?\.|fd00:ec2\b)\S*$/i;

/** Nothing but `src/imds/endpoint.ts` can reach the real metadata address by itself. */
export function* metadataAddress({ files }: SourceTree): Generator<Finding> {
  for (const file of files) {
    if (file.path.startsWith('test/') || file.path in KNOWN_TO) continue;
    const found: Finding[] = [];
    walk(file.program, (node) => {
      if (node.type !== 'Literal' && node.type !== 'TemplateElement') return;
      const { raw } = node.type === 'Literal' ? node : (node.value as { raw: string });
      if (!ADDRESS.test(String(raw))) return;
      found.push({
        path: file.path,
        line: file.lineAt(node.start),
        rule: 'metadata-address',
        found: 'has the address of the metadata service in a literal',
        remedy: 'Take the endpoint as a value: src/imds/endpoint.ts is where the address is known',
      });
    });
    yield* found;
  }
}
