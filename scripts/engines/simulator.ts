/**
 * The simulator as one module that needs nothing of its engine: the entry of the bundle, and what
 * each engine of `npm run sim:engines` is asked. The runs are those of the command line.
 */

import type { WorldName } from '../../sim/cli/report.ts';
import { NOBODY_LOOKS, runOne } from '../../sim/cli/run-one.ts';
import { WHOLE_SCHEDULE } from '../../sim/run/schedule.ts';

export interface EngineOrder {
  readonly seed: string;
  readonly world: WorldName;
}

/** What must be equal on every engine, and how long it took there. */
export interface EngineAnswer extends EngineOrder {
  readonly verdict: string;
  readonly checker: string | null;
  readonly digest: string;
  readonly simulatedMs: number;
  readonly events: number;
  readonly operations: number;
  readonly wallMs: number;
}

export function answerOrder({ seed, world }: EngineOrder): EngineAnswer {
  const spec = { world, nodes: null, groups: null, faults: null, schedule: WHOLE_SCHEDULE };
  const { verdict, checker, digest, simulatedMs, events, operations, wallMs } = runOne(
    seed,
    spec,
    NOBODY_LOOKS,
  );
  return { seed, world, verdict, checker, digest, simulatedMs, events, operations, wallMs };
}
