/** An engine: something that can run the simulator and say what came of it. */
import type { EngineAnswer, EngineOrder } from './simulator.ts';

export interface Engine {
  /** With its version: `node 26.10.0`, `chromium 140.0`. */
  readonly name: string;
  /** The answers, in the order of the orders. `module` is what to load: the bundle, mostly. */
  run(module: string, orders: readonly EngineOrder[]): Promise<EngineAnswer[]>;
}

/** The engine is not on this machine and could not be brought here; the message says what to do. */
export class EngineMissing extends Error {}
