import type { Plugin } from 'rolldown';
import { parseSync } from 'rolldown/utils';

/** CommonJS knows no `await` outside a function: what follows the imports of `main.ts` becomes one. */
export const commonjsEntry: Plugin = {
  name: 'commonjs-entry',
  transform: {
    filter: { id: /\/src\/cli\/main\.ts$/ },
    handler(code, id) {
      const imports = parseSync(id, code).program.body.filter(({ type }) => type === 'ImportDeclaration');
      const end = imports.at(-1)?.end ?? 0;
      return { code: `${code.slice(0, end)}\n(async () => {${code.slice(end)}})();`, moduleType: 'ts' };
    },
  },
};
