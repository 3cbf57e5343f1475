/** What the path bench prints. */
import { machineAt, machineLine } from './machine.ts';
import type { PathFinding } from './path-run.ts';
import { median, rounded, tableOf } from './table.ts';

const nameOf = ({ shape, nodes }: PathFinding): string =>
  `${shape.kind.toUpperCase()}, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`;

const spreadOf = (ratios: readonly number[]): string[] =>
  ratios.length === 0
    ? []
    : [median(ratios), Math.min(...ratios), Math.max(...ratios)].map((n) => n.toFixed(2));

export function pathTable(findings: readonly PathFinding[]): string {
  const isCompared = findings.some(({ ratios }) => ratios.length > 0);
  const more = isCompared ? ['AGAINST', 'RATIO', 'LOWEST', 'HIGHEST'] : [];
  const rows = findings.map((finding) => [
    nameOf(finding),
    ...finding.nsPerOp.map((ns) => `${Math.round(ns)}`),
    ...spreadOf(finding.ratios),
  ]);
  const stages = findings.flatMap((finding) =>
    finding.stages.map(({ name, nsPerOp }) => [
      `${nameOf(finding)}: ${name}`,
      `${Math.round(nsPerOp)}`,
    ]),
  );
  return [
    machineLine(machineAt('.')),
    "CPU of the leader's thread, nanoseconds an operation\n",
    tableOf([['', 'NS', ...more], ...rows]),
    tableOf([['OF THAT', 'NS'], ...stages]),
  ].join('\n');
}

export function pathJson(findings: readonly PathFinding[]): string {
  const rows = findings.map((finding) => ({
    ...finding,
    nsPerOp: finding.nsPerOp.map((ns) => rounded(ns)),
    ratio: finding.ratios.length === 0 ? null : rounded(median(finding.ratios), 3),
  }));
  return JSON.stringify({ bench: 'path', machine: machineAt('.'), rows });
}
