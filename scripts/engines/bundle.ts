/**
 * `npm run sim:bundle`: the simulator, without its command line, as one file for a page.
 *
 * 1. It is the production machines and the simulated world as they are, joined and with the types
 *    taken off. Nothing is minified, so that a stack names what the sources name.
 * 2. A module of Node in it is an error, and no bundle is written.
 */
import { mkdirSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

export const ENTRY = fileURLToPath(new URL('./simulator.ts', import.meta.url));
export const BUNDLE = fileURLToPath(new URL('../../build/sim/simulator.js', import.meta.url));

export async function writeBundle(entry: string, file: string): Promise<void> {
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    // What cannot be resolved for a page stays an import: that is looked for below.
    onwarn: (warning) => {
      if (warning.code === 'UNRESOLVED_IMPORT') throw new Error(warning.message);
    },
  });
  try {
    const { output } = await build.generate({ format: 'esm' });
    const outside = output.flatMap((part) => (part.type === 'chunk' ? part.imports : []));
    if (outside.length > 0) throw new Error(`not for a page: ${outside.join(', ')}`);
    mkdirSync(dirname(file), { recursive: true });
    await build.write({ format: 'esm', file });
  } finally {
    await build.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeBundle(ENTRY, BUNDLE);
  console.log(relative(process.cwd(), BUNDLE));
}
