import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, test } from 'vitest';
import { CANARIES, CANARY } from './canary.ts';
import { DIRECTED_MUTANTS, findMutant, HOLDOUT_MUTANTS, MUTANTS } from './catalogue.ts';
import { changedFunctions, isTrivial, type Mutant, mutate, statedAt } from './mutant.ts';
import { NOT_APPLICABLE } from './not-applicable.ts';

const ROOT = new URL('../../', import.meta.url);
const sourceOf = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');
const all: readonly Mutant[] = [...MUTANTS, ...DIRECTED_MUTANTS, ...HOLDOUT_MUTANTS, ...CANARIES];

/** Every row of the catalogue of known bugs. */
const ROWS = `
  E01 E05 E06 E07 E08 E10 E11 E14 E18 E20 E21 E22 E23 E26 E27 E28
  A02 A06 A09 A10 A12 A13 A15 A17 A18 A19 A20 A21 A22 A23 A24 A25 A28 A29 A30 A34 A35 A36 A37 A38
  A40 A43 A44 A45
  M02 M03 M04 M05 M06 M07 M10 M11 M12 M14 M16
  S01 S03 S07 S08 S11 S12 S13 S14 S15 S18 S20
  C02 C03 C04 C05 C06 C07 C09 C10 C11 C12 C15 C17 C18 C19
  W01 W08 W11 W13 W15 W18 W19 W21 W22 W23 W24
  G01 G02 G03 G05 G06 G08 G09 G10 G11 G12 G13 G14 G15 G16 G17 G19 G20 G22 G23`
  .trim()
  .split(/\s+/);

/** Bugs of our own features, which no other project had. */
const isOwn = ({ id }: { readonly id: string }): boolean => id.startsWith('R');
/** Bugs that the catalogue does not list: what the checkers must catch without having met it. */
const isHeldOut = ({ id }: { readonly id: string }): boolean => id.startsWith('K');

test('every row of the catalogue is a mutant or has a reason not to be, and none is both', () => {
  const known = MUTANTS.filter((mutant) => !isOwn(mutant) && !isHeldOut(mutant));
  const told = [...known, ...NOT_APPLICABLE].map(({ id }) => id);
  expect([...told].sort()).toEqual([...ROWS].sort());
});

test('the bugs of our own features are numbered without gaps', () => {
  const ids = MUTANTS.filter(isOwn).map(({ id }) => id);
  expect(ids).toEqual(ids.map((_, at) => `R${String(at + 1).padStart(2, '0')}`));
});

describe.each(all)('$id: $note', (mutant) => {
  const files = [...new Set(mutant.edits.map(({ file }) => file))];

  test('its patterns stand in the sources exactly once', () => {
    for (const file of files) expect(mutate(mutant, file, sourceOf(file))).not.toBe(sourceOf(file));
  });

  test('what it makes of the sources still parses', () => {
    for (const file of files) {
      expect(() => stripTypeScriptTypes(mutate(mutant, file, sourceOf(file)))).not.toThrow();
    }
  });

  test('it knows who should catch it, and in which functions it stands', () => {
    expect(mutant.expected.length).toBeGreaterThan(0);
    for (const edit of mutant.edits) {
      const isImport = edit.find.startsWith('import ');
      expect(changedFunctions(edit, sourceOf(edit.file)).length > 0).toBe(!isImport);
    }
  });
});

test('no two mutants have one id', () => {
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
});

test('a pattern that stands nowhere, or twice, is refused', () => {
  const edit = { file: 'src/x.ts', find: 'once', replace: '' };
  const mutant: Mutant = { ...CANARY, edits: [edit] };
  expect(mutate(mutant, 'src/x.ts', 'once!')).toBe('!');
  expect(() => mutate(mutant, 'src/x.ts', 'never')).toThrow('0 times');
  expect(() => mutate(mutant, 'src/x.ts', 'once, once')).toThrow('2 times');
});

describe('a death is trivial', () => {
  const edit = { file: 'src/core/x.ts', find: 'return 2;', replace: 'return 3;' };
  const mutant: Mutant = { ...CANARY, edits: [edit] };
  const source = 'function before(): void {}\n\nfunction changed(): number {\n  return 2;\n}\n';
  const stack = (name: string, file: string): string =>
    `Error: x\n    at assert (file:///r/src/base/assert.ts:9:9)\n    at ${name} (file:///r/${file}:4:2)`;

  test('when the assertion stands in the function that was changed', () => {
    expect(isTrivial(mutant, stack('changed', 'src/core/x.ts'), () => source)).toBe(true);
  });

  test('and not when it stands in another one, or elsewhere', () => {
    expect(isTrivial(mutant, stack('before', 'src/core/x.ts'), () => source)).toBe(false);
    expect(isTrivial(mutant, stack('changed', 'src/core/y.ts'), () => source)).toBe(false);
    expect(isTrivial(mutant, '', () => source)).toBe(false);
  });

  test('methods are told by their own names', () => {
    const frame = stack('OnlineCheck.#scene', 'sim/check/online/check.ts');
    expect(statedAt(frame)?.name).toBe('#scene');
  });
});

test('mutants are found by their ids, however they are written', () => {
  expect(findMutant('e01')?.id).toBe('E01');
  expect(findMutant('canary')).toBe(CANARY);
  expect(findMutant('E99')).toBe(null);
});
