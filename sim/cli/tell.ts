/** Runs one seed, or one schedule, with somebody who writes down what happens. */
import { Chronicle, type Happening } from '../run/chronicle.ts';
import { bare } from './print.ts';
import type { RunSpec, SeedReport } from './report.ts';
import { NOBODY_LOOKS, runOne } from './run-one.ts';
import { columns, mermaid, sentences } from './story.ts';

const SENTENCES_MAX = 120;
const DRAWN_MAX = 60;

/** The report, with its story. */
export function tellRun(seed: string, spec: RunSpec): SeedReport {
  const chronicle = new Chronicle();
  const report = runOne(seed, spec, { ...NOBODY_LOOKS, chronicle });
  const { happenings } = chronicle;
  if (report.verdict === 'violation') {
    chronicle.ended(report.simulatedMs * 1_000, `${report.checker}: ${bare(report)}`);
  }
  return { ...report, story: storyOf(happenings, report.shape?.nodes ?? 0) };
}

function storyOf(happenings: readonly Happening[], nodes: number): string[] {
  const drawn = happenings.slice(-DRAWN_MAX);
  return [
    '',
    'What happened',
    ...sentences(happenings, SENTENCES_MAX),
    '',
    'Node by node',
    ...columns(drawn, nodes),
    '',
    'As a diagram (Mermaid)',
    ...mermaid(drawn, nodes),
  ];
}
