/**
 * `npm run scenarios:mutants [-- ID …]`: every directed scenario passes as the sources are, and
 * fails with the bug that docs/scenarios.md names for it. Ends with 0 if all do.
 */
import process from 'node:process';
import { readIndex, type Scenario } from './index.ts';
import { runScenarios } from './run.ts';

const wanted = new Set(process.argv.slice(2).map((id) => id.toLowerCase()));
const isWanted = ({ id, mutant }: Scenario): boolean =>
  wanted.size === 0 || wanted.has(id.toLowerCase()) || wanted.has(mutant.toLowerCase());

const { scenarios, absences } = readIndex();
const rows = scenarios.filter(isWanted);
const complaints: string[] = [];

function expectOutcome(group: readonly Scenario[], mutant: string | null): void {
  const wish = mutant === null ? 'passes' : 'fails';
  const outcomes = runScenarios(group, mutant);
  for (const [at, outcome] of outcomes.entries()) {
    const { id, title } = group[at]!;
    const where = mutant === null ? 'as the sources are' : `under ${mutant}`;
    const line = `${id}  ${where}: ${outcome}  (${title})`;
    if (outcome !== wish) complaints.push(line);
    process.stdout.write(`${outcome === wish ? 'ok  ' : 'BAD '} ${line}\n`);
  }
}

expectOutcome(rows, null);
for (const mutant of [...new Set(rows.map((row) => row.mutant))].sort()) {
  expectOutcome(
    rows.filter((row) => row.mutant === mutant),
    mutant,
  );
}
const ids = new Set(rows.map(({ id }) => id));
process.stdout.write(`\n${ids.size} rows, ${rows.length} tests, ${absences.length} do not apply\n`);
for (const complaint of complaints) process.stdout.write(`BAD  ${complaint}\n`);
process.stdout.write(
  `${rows.length * 2 - complaints.length} passed, ${complaints.length} failed\n`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;
