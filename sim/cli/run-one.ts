/** One run of either world, as a report. Loading this module loads everything that can be mutated. */
import type { Chronicle } from '../run/chronicle.ts';
import type { RaftTraceSink } from '../run/cluster.ts';
import { NO_OVERRIDES, runSeed } from '../run/run.ts';
import { SWIM_FAULTS, type SwimFault } from '../swim/plan.ts';
import { DEFAULT_SWIM_OPTIONS, runSwimWorld } from '../swim/world.ts';
import type { TraceRecorder } from '../world/trace.ts';
import { type RunSpec, reportWithoutRun, type SeedReport } from './report.ts';

/** Who looks on; null: nobody. */
export interface Onlookers {
  readonly recorder: TraceRecorder | null;
  /** Of the world of SWIM there is none yet. */
  readonly chronicle: Chronicle | null;
  /** Nor any Raft. */
  readonly raftTrace: RaftTraceSink | null;
}

export const NOBODY_LOOKS: Onlookers = { recorder: null, chronicle: null, raftTrace: null };

export function runOne(seed: string, spec: RunSpec, onlookers: Onlookers): SeedReport {
  const startedMs = performance.now();
  const isSwim = spec.world === 'swim';
  const report = isSwim ? runSwim(seed, spec, onlookers) : run(seed, spec, onlookers);
  return { ...report, wallMs: Math.round(performance.now() - startedMs) };
}

function run(seed: string, spec: RunSpec, onlookers: Onlookers): SeedReport {
  const { nodes, groups, faults, schedule } = spec;
  const overrides = { ...NO_OVERRIDES, nodes, groups, faults, schedule };
  const result = runSeed(seed, { overrides, ...onlookers });
  const { verdict, checker, message, stack, digest } = result;
  const { simulatedMs, safetyMs, events, operations } = result;
  const told = { verdict, checker, message, stack, digest };
  const { strikes, config } = result;
  const { clients, keys } = config.workload;
  const shape = { nodes: config.nodes, clients, keys, safetyMs };
  const done = { simulatedMs, events, operations, wallMs: 0 };
  const { stall } = result;
  const met = { faults: result.faults, probes: result.probes, stall, strikes };
  return { seed, ...told, ...done, ...met, shape, story: [] };
}

/** What is no invariant passes through that world: it is the simulator's bug, or a mutant's. */
function runSwim(seed: string, spec: RunSpec, { recorder }: Onlookers): SeedReport {
  const faults = spec.faults?.filter(isSwimFault) ?? null;
  try {
    const options = { ...DEFAULT_SWIM_OPTIONS, members: spec.nodes, faults, recorder };
    const result = runSwimWorld(seed, options);
    const { verdict, checker, message, stack, digest, simulatedMs, events } = result;
    const told = { verdict, checker, message, stack, digest };
    const done = { simulatedMs, events, operations: 0, wallMs: 0 };
    const met = { faults: result.faults, probes: result.probes, stall: null, strikes: [] };
    return { seed, ...told, ...done, ...met, shape: null, story: [] };
  } catch (error) {
    const { message, stack } = error as Error;
    return { ...reportWithoutRun(seed, 'violation', message), stack: stack ?? '' };
  }
}

const isSwimFault = (name: string): name is SwimFault =>
  (SWIM_FAULTS as readonly string[]).includes(name);
