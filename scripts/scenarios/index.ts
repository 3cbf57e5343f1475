/**
 * The index of directed scenarios: docs/scenarios.md, read as data.
 *
 * A row of its tables is `id | what | file › title | mutant`. The title is that of a test, or its
 * beginning. Where a row does not apply, the reason stands in place of the test, and no mutant.
 */
import { readFileSync } from 'node:fs';

export const ROOT = new URL('../../', import.meta.url);
const PAGE = new URL('docs/scenarios.md', ROOT);

export interface Scenario {
  readonly id: string;
  readonly what: string;
  readonly file: string;
  readonly title: string;
  /** Under which known bug the test fails. */
  readonly mutant: string;
}

export interface Absence {
  readonly id: string;
  readonly reason: string;
}

export interface ScenarioIndex {
  readonly scenarios: readonly Scenario[];
  readonly absences: readonly Absence[];
}

const ROW = /^\| (\S+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/;
const TEST = /^`([^`]+)` › (.+)$/;

export function readIndex(page: string = readFileSync(PAGE, 'utf8')): ScenarioIndex {
  const scenarios: Scenario[] = [];
  const absences: Absence[] = [];
  for (const line of page.split('\n')) {
    const row = ROW.exec(line);
    if (row === null || row[1] === 'id' || row[1] === '---') continue;
    const [, id = '', what = '', where = '', mutant = ''] = row;
    const test = TEST.exec(where.trim());
    if (test === null) absences.push({ id, reason: where.trim() });
    else scenarios.push({ id, what, file: test[1]!, title: test[2]!, mutant: mutant.trim() });
  }
  return { scenarios, absences };
}

/** What of a title stands in the source: all of it, or what precedes the first blank of a template. */
export const literalOf = (title: string): string => title.split(/[%$]/)[0]!;
