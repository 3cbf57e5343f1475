/** What a request ends with: an exit code, and what `--json` prints. */
import { coreHash } from './core-hash.ts';
import { type SeedReport, seedAsJson } from './report.ts';

export const EXIT = { pass: 0, usage: 2, violation: 10, undecided: 11 } as const;

export interface Answer {
  readonly exitCode: number;
  readonly json: object;
}

export type Print = (line: string) => void;

export function exitOf({ verdict }: SeedReport): number {
  return EXIT[verdict];
}

export function seedJson(report: SeedReport): object {
  const { seed, verdict, checker, digest, simulatedMs, wallMs } = report;
  const { events, operations, faults, probes, stall } = report;
  const told = { verdict, checker, digest, simulatedMs, wallMs, events, operations };
  return { seed: seedAsJson(seed), ...told, faults, probes, stall, coreHash: coreHash() };
}
