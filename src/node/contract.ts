/**
 * A node as its driver sees it: the daemon's event loop and the simulator's world drive the same.
 *
 * The driver calls `input` any number of times, then `turn` once; it calls `turn` again at the
 * latest when `deadline` has come. Everything that enters a node passes `input` or `turn`, so a
 * recording of both replays the node.
 */
import type { GroupId, Millis, NodeId } from '../base/units.ts';
import type { DiskCompletion } from '../core/disk.ts';
import type { Member } from '../core/types.ts';
import type { DiskPort } from '../ports/disk.ts';
import type { EntropyPort } from '../ports/entropy.ts';
import type { MemoryPort } from '../ports/memory.ts';
import type { NetEvent, NetPort } from '../ports/net.ts';

export type NodeEvent =
  | NetEvent
  | { readonly kind: 'disk'; readonly completion: DiskCompletion }
  /** Somebody asks the node to do something; what came of it shows in its state. */
  | { readonly kind: 'admin'; readonly request: AdminRequest };

export type AdminRequest =
  /** Hand leadership over, answer what is open, then stop. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'transfer'; readonly group: GroupId; readonly target: NodeId }
  | { readonly kind: 'snapshot'; readonly group: GroupId }
  /** Commands for the group that this node leads; nobody waits for what they answer. */
  | {
      readonly kind: 'propose';
      readonly group: GroupId;
      readonly commands: readonly Uint8Array[];
    }
  | {
      readonly kind: 'reconfigure';
      readonly group: GroupId;
      readonly voters: readonly Member[];
      readonly learners: readonly Member[];
    };

export interface NodePorts {
  readonly disk: DiskPort;
  readonly net: NetPort;
  readonly memory: MemoryPort;
  readonly entropy: EntropyPort;
}

export interface NodeDriver {
  input(event: NodeEvent): void;
  /**
   * `now` is monotonic, `wall` is the wall clock, both in milliseconds and read once a turn.
   * `micros` is `now` in microseconds, finer where the driver knows it; only latencies use it.
   */
  turn(now: Millis, wall: number, micros?: number): void;
  deadline(): Millis;
}
