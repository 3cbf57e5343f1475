/**
 * Puts a known bug into this thread: its sources are changed on their way into the engine.
 *
 * Must run before anything that is to be mutated is loaded, in a thread that has loaded nothing of
 * it yet: a module is loaded once.
 */
import { registerHooks } from 'node:module';
import { type Mutant, mutate } from '../mutants/mutant.ts';
import { ROOT } from './core-hash.ts';

export function loadMutant(mutant: Mutant): void {
  const files = new Map(mutant.edits.map(({ file }) => [new URL(file, ROOT).href, file]));
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const file = files.get(url);
      if (file === undefined) return loaded;
      const source = new TextDecoder().decode(loaded.source as Uint8Array);
      return { ...loaded, source: mutate(mutant, file, source) };
    },
  });
}
