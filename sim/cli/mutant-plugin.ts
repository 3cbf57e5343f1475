/**
 * Puts a known bug into the modules that a test loads: the plugin of vitest.config.ts.
 *
 * With MUTANT=id in the environment the sources are changed on their way into the engine, as
 * mutant-loader.ts does for a run of the simulator. Without, nothing is.
 */
import { fileURLToPath } from 'node:url';
import { findMutant } from '../mutants/catalogue.ts';
import { mutate } from '../mutants/mutant.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replaceAll('\\', '/');

/** What vitest.config.ts needs to know of a plugin of Vite. */
export interface MutantPlugin {
  readonly name: string;
  readonly enforce: 'pre';
  transform(code: string, id: string): string | null;
}

/** Null: no mutant is asked for. Throws when there is none of that id. */
export function mutantPlugin(id: string | undefined): MutantPlugin | null {
  if (id === undefined || id === '') return null;
  const mutant = findMutant(id);
  if (mutant === null) throw new RangeError(`no mutant is called ${id}`);
  const files = new Set(mutant.edits.map(({ file }) => file));
  return {
    name: `mutant ${mutant.id}`,
    enforce: 'pre',
    transform(code, moduleId) {
      const [path = ''] = moduleId.replaceAll('\\', '/').split('?');
      const file = path.startsWith(ROOT) ? path.slice(ROOT.length) : path;
      return files.has(file) ? mutate(mutant, file, code) : null;
    },
  };
}
