/** What the disk bench prints. */
import type { DiskRow, DiskRun } from './disk.ts';
import { machineAt, machineLine } from './machine.ts';
import { median, rounded, tableOf } from './table.ts';

const MEASURES = ['rate', 'p50us', 'cpuUs'] as const;

interface Ratio {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Native ÷ plain, of the two runs of each round. */
function ratioOf({ native, plain }: DiskRow, measure: keyof DiskRun): Ratio {
  const ratios = native.map((run, at) => run[measure] / plain[at]![measure]);
  return {
    median: rounded(median(ratios), 2),
    lowest: rounded(Math.min(...ratios), 2),
    highest: rounded(Math.max(...ratios), 2),
  };
}

const figureOf = (runs: readonly DiskRun[], measure: keyof DiskRun): string =>
  `${rounded(median(runs.map((run) => run[measure])))}`;

export function diskTable(rows: readonly DiskRow[]): string {
  const title = ['', 'WHAT', 'NATIVE', 'PLAIN', 'RATIO', 'LOWEST', 'HIGHEST'];
  const lines = rows.flatMap((row) =>
    MEASURES.map((measure) => {
      const { median: middle, lowest, highest } = ratioOf(row, measure);
      const figures = [figureOf(row.native, measure), figureOf(row.plain, measure)];
      return [row.name, measure, ...figures, `${middle}`, `${lowest}`, `${highest}`];
    }),
  );
  return [
    machineLine(machineAt('.')),
    `medians of ${rows[0]?.native.length} rounds; ratios are native ÷ plain of adjacent runs\n`,
    tableOf([title, ...lines]),
  ].join('\n');
}

export function diskJson(rows: readonly DiskRow[], bench = 'disk'): string {
  const ratios = rows.map((row) => ({
    name: row.name,
    ...Object.fromEntries(MEASURES.map((measure) => [measure, ratioOf(row, measure)])),
  }));
  return JSON.stringify({ bench, machine: machineAt('.'), ratios, rows });
}
