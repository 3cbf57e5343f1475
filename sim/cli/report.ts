/** What one run is told to be, and what it answered: plain values, so that workers can pass them. */

import type { Schedule, Strike } from '../run/schedule.ts';
import type { Stall } from '../run/stall.ts';

export type WorldName = 'cluster' | 'swim';

export interface RunSpec {
  readonly world: WorldName;
  /** Null: as the seed draws. */
  readonly nodes: number | null;
  readonly groups: number | null;
  readonly faults: readonly string[] | null;
  /** What of it happens; in the world of SWIM always all. */
  readonly schedule: Schedule;
}

export interface SeedReport {
  readonly seed: string;
  /** undecided: the run was given up, by the clock of this machine. */
  readonly verdict: 'pass' | 'violation' | 'undecided';
  readonly checker: string | null;
  readonly message: string;
  readonly stack: string;
  readonly digest: string;
  readonly simulatedMs: number;
  readonly wallMs: number;
  readonly events: number;
  readonly operations: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Hits of probes, by name. */
  readonly probes: Readonly<Record<string, number>>;
  /** The proof that the core could not go on when chaos was over; null: it did. */
  readonly stall: Stall | null;
  /** What the nemesis did, in order; nothing in the world of SWIM. */
  readonly strikes: readonly Strike[];
  readonly shape: RunShape | null;
  /** Lines for a person, if they were asked for. */
  readonly story: readonly string[];
}

/** What there is to take away from a run. */
export interface RunShape {
  readonly nodes: number;
  readonly clients: number;
  readonly keys: number;
  /** When chaos ended, or the run, if that was before. */
  readonly safetyMs: number;
}

/** A run that brought no result of its own: its worker died, or was given up. */
export function reportWithoutRun(
  seed: string,
  verdict: 'violation' | 'undecided',
  message: string,
): SeedReport {
  return {
    seed,
    verdict,
    checker: verdict === 'violation' ? 'internal' : null,
    message,
    stack: '',
    digest: '',
    simulatedMs: 0,
    wallMs: 0,
    events: 0,
    operations: 0,
    faults: {},
    probes: {},
    stall: null,
    strikes: [],
    shape: null,
    story: [],
  };
}

/** JSON numbers lose digits above 2^53: such seeds are texts there. */
export function seedAsJson(seed: string): number | string {
  const value = Number(seed);
  return Number.isSafeInteger(value) ? value : seed;
}
