/**
 * A mutant: a bug that real systems had, put back into ours.
 *
 * 1. It is a change of source text at load time. Production code holds no switches for it.
 * 2. Each pattern stands in its file exactly once. When the file changes, the mutant must be looked
 *    at again: a test says so.
 * 3. It is killed when a run fails by one of the expected checkers, on a seed that the unchanged
 *    build passes. An assertion counts for the checker that it names, unless it stands in the very
 *    function that was changed: that is trivial, and counts only for bugs whose symptom is a node
 *    that refuses to run.
 */
import type { CheckerName } from '../../src/base/assert.ts';

export interface Edit {
  /** From the root of the repository, with `/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  /** The row in the catalogue of known bugs. */
  readonly id: string;
  readonly tier: 1 | 2;
  readonly world: 'cluster' | 'swim';
  readonly edits: readonly Edit[];
  readonly expected: readonly CheckerName[];
  /** What was wrong, in one sentence. */
  readonly note: string;
}

/** What a bug of the catalogue violates. */
export type Violation = 'ES' | 'LM' | 'LC' | 'SMS' | 'LIN' | 'DUR' | 'LIVE' | 'AVAIL' | 'MEMB';

export const CHECKERS_OF: Readonly<Record<Violation, readonly CheckerName[]>> = {
  ES: ['election-safety', 'one-vote'],
  LM: ['log-matching'],
  LC: ['leader-completeness', 'committed-immutable'],
  SMS: ['state-machine-safety', 'state-hash'],
  LIN: ['linearizable', 'program-order', 'client-oracle'],
  DUR: ['durable-quorum', 'client-oracle', 'effect-order'],
  LIVE: ['liveness'],
  AVAIL: ['availability', 'liveness'],
  MEMB: ['swim-completeness', 'swim-accuracy', 'swim-incarnation', 'swim-bounds'],
};

export interface MutantRow {
  readonly id: string;
  readonly tier: 1 | 2;
  readonly violates: readonly Violation[];
  /** Checkers that the bug's schedule names beside those of its letters. */
  readonly also?: readonly CheckerName[];
  readonly note: string;
  readonly edits: readonly Edit[];
}

export function newMutant(row: MutantRow, world: Mutant['world']): Mutant {
  const { id, tier, violates, also, note, edits } = row;
  const named = [...violates.flatMap((letters) => CHECKERS_OF[letters]), ...(also ?? [])];
  return { id, tier, world, edits, note, expected: [...new Set(named)] };
}

/** `source` of `file` with the mutant's changes. Throws when a pattern does not fit exactly once. */
export function mutate(mutant: Mutant, file: string, source: string): string {
  let mutated = source;
  for (const edit of mutant.edits) {
    if (edit.file !== file) continue;
    const [before, ...after] = mutated.split(edit.find);
    if (before === undefined || after.length !== 1) {
      throw new Error(
        `${mutant.id}: ${file} holds the pattern ${after.length} times:\n${edit.find}`,
      );
    }
    mutated = before + edit.replace + after[0];
  }
  return mutated;
}

/** Names of the functions in which the edit stands; none where it stands outside all. */
export function changedFunctions(edit: Edit, source: string): string[] {
  const from = source.indexOf(edit.find);
  const within = [...edit.find.matchAll(DECLARATION)];
  const names = within.map(nameIn);
  if (within[0]?.index === 0) return names;
  const before = [...source.slice(0, from).matchAll(DECLARATION)].at(-1);
  return before === undefined ? names : [nameIn(before), ...names];
}

/** Functions and constants of a module, and methods of its classes: all that a frame may name. */
const DECLARATION =
  /^(?:export )?(?:async )?(?:function\*? |const )(\w+)|^ {2}(?:get |set )?(?!(?:if|for|while|switch|catch)\b)(#?\w+)\([^)]*\).*\{$/gm;

const nameIn = (match: RegExpMatchArray): string => match[1] ?? match[2] ?? '';

interface Frame {
  readonly name: string;
  readonly file: string;
}

/** Where the violation was stated: the topmost frame below the assertion itself. */
export function statedAt(stack: string): Frame | null {
  for (const line of stack.split('\n')) {
    const match =
      /^\s+at (?:(?:new |async )?([^\s(]+) )?(?:\[as [^\]]+\] )?\(?(\S+?):\d+:\d+\)?$/.exec(line);
    if (match === null) continue;
    const file = match[2]!.replaceAll('\\', '/');
    if (file.endsWith('/src/base/assert.ts')) continue;
    return { name: (match[1] ?? '').split('.').at(-1)!, file };
  }
  return null;
}

/** Whether the assertion that ended the run stands in a function that the mutant changed. */
export function isTrivial(
  mutant: Mutant,
  stack: string,
  sourceOf: (file: string) => string,
): boolean {
  const frame = statedAt(stack);
  if (frame === null) return false;
  return mutant.edits.some(
    (edit) =>
      frame.file.endsWith(`/${edit.file}`) &&
      changedFunctions(edit, sourceOf(edit.file)).includes(frame.name),
  );
}
