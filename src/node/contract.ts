/**
 * A node as its driver sees it: the daemon's event loop and the simulator's world drive the same.
 *
 * The driver calls `input` any number of times, then `turn` once; it calls `turn` again at the
 * latest when `deadline` has come. Everything that enters a node passes `input` or `turn`, so a
 * recording of both replays the node.
 */
import type { Millis } from '../base/units.ts';
import type { DiskCompletion } from '../core/disk.ts';
import type { DiskPort } from '../ports/disk.ts';
import type { EntropyPort } from '../ports/entropy.ts';
import type { MemoryPort } from '../ports/memory.ts';
import type { NetEvent, NetPort } from '../ports/net.ts';

export type NodeEvent = NetEvent | { readonly kind: 'disk'; readonly completion: DiskCompletion };

export interface NodePorts {
  readonly disk: DiskPort;
  readonly net: NetPort;
  readonly memory: MemoryPort;
  readonly entropy: EntropyPort;
}

export interface NodeDriver {
  input(event: NodeEvent): void;
  /** `now` is monotonic, `wall` is the wall clock in milliseconds; both are read once a turn. */
  turn(now: Millis, wall: number): void;
  deadline(): Millis;
}
