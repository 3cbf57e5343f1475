/** One run of either world, as a report. Loading this module loads everything that can be mutated. */
import { NO_OVERRIDES, runSeed } from '../run/run.ts';
import { SWIM_FAULTS, type SwimFault } from '../swim/plan.ts';
import { DEFAULT_SWIM_OPTIONS, runSwimWorld } from '../swim/world.ts';
import type { TraceRecorder } from '../world/trace.ts';
import { type RunSpec, reportWithoutRun, type SeedReport } from './report.ts';

export function runOne(seed: string, spec: RunSpec, recorder: TraceRecorder | null): SeedReport {
  const startedMs = performance.now();
  const report = spec.world === 'swim' ? runSwim(seed, spec, recorder) : run(seed, spec, recorder);
  return { ...report, wallMs: Math.round(performance.now() - startedMs) };
}

function run(seed: string, spec: RunSpec, recorder: TraceRecorder | null): SeedReport {
  const { nodes, groups, faults } = spec;
  const overrides = { ...NO_OVERRIDES, nodes, groups, faults };
  const result = runSeed(seed, { overrides, recorder });
  const { verdict, checker, message, stack, digest } = result;
  const { simulatedMs, events, operations } = result;
  const told = { verdict, checker, message, stack, digest };
  return { seed, ...told, simulatedMs, events, operations, faults: result.faults, wallMs: 0 };
}

/** What is no invariant passes through that world: it is the simulator's bug, or a mutant's. */
function runSwim(seed: string, spec: RunSpec, recorder: TraceRecorder | null): SeedReport {
  const faults = spec.faults?.filter(isSwimFault) ?? null;
  try {
    const options = { ...DEFAULT_SWIM_OPTIONS, members: spec.nodes, faults, recorder };
    const result = runSwimWorld(seed, options);
    const { verdict, checker, message, stack, digest, simulatedMs, events } = result;
    const told = { verdict, checker, message, stack, digest };
    return { seed, ...told, simulatedMs, events, operations: 0, faults: result.faults, wallMs: 0 };
  } catch (error) {
    const { message, stack } = error as Error;
    return { ...reportWithoutRun(seed, 'violation', message), stack: stack ?? '' };
  }
}

const isSwimFault = (name: string): name is SwimFault =>
  (SWIM_FAULTS as readonly string[]).includes(name);
