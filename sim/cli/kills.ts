/**
 * The seeds that killed a mutant before: where the next hunt looks first, if it is told to.
 *
 * 1. They save time and decide nothing: a kill is judged as on any other seed, and a hunt that they
 *    do not help goes on through its whole range.
 * 2. Sources change and seeds become other runs: a few are kept for each mutant, newest first.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROOT } from './core-hash.ts';

/** Seeds by the mutant's id. */
export type Kills = ReadonlyMap<string, readonly string[]>;

export const KILLS_FILE = fileURLToPath(new URL('sim/mutants/kills.json', ROOT));
const SEEDS_KEPT = 3;

export function readKills(file: string): Kills {
  if (!existsSync(file)) return new Map();
  const content: Record<string, readonly string[]> = JSON.parse(readFileSync(file, 'utf8'));
  return new Map(Object.entries(content));
}

/** Sorted and one line a mutant, so that a change of it can be read. */
export function writeKills(file: string, kills: Kills): void {
  const lines = [...kills]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(
      ([id, seeds]) => `  ${JSON.stringify(id)}: [${seeds.map((seed) => `"${seed}"`).join(', ')}]`,
    );
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
}

export function withKill(kills: Kills, id: string, seed: string): Kills {
  const others = (kills.get(id) ?? []).filter((known) => known !== seed);
  return new Map(kills).set(id, [seed, ...others].slice(0, SEEDS_KEPT));
}

/** `first`, then those of `seeds` that are not among them. */
export function* seedsBehind(
  first: readonly string[],
  seeds: Iterable<string>,
): Generator<string, void> {
  yield* first;
  for (const seed of seeds) if (!first.includes(seed)) yield seed;
}
