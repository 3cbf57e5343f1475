/**
 * The simulator's door: `npm run sim -- …` (docs/simulator.md).
 *
 * Exit: 0 pass · 10 violation, or a mutant that survived · 11 undecided · 2 usage.
 *
 * What is behind it is loaded only now: sources that were loaded before, and have not changed since,
 * come out of a cache of the engine's, without their types and in part compiled.
 */
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { open } = await import('./door.ts');

// For `head` and its like: whoever stops reading has what he wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await open(process.argv.slice(2));
