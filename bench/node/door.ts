/** What a bench may ask of the node's process it started, and what it is told. */
import type { StoreFootprint } from '../../src/core/store/footprint.ts';

export interface NodeOptions {
  readonly walDirectory: string;
  /** The cluster's, where this node founds it. */
  readonly quotaBytes: number;
}

export interface NodeFigures {
  readonly residentBytes: number;
  /** The most it ever was, as the kernel counted; null where there is no /proc. */
  readonly residentBytesPeak: number | null;
  readonly heapBytes: number;
  /** Of all array buffers: regions as reserved, tables, what is in flight. */
  readonly bufferBytes: number;
  readonly store: StoreFootprint;
  /** As the cluster's settings say. */
  readonly durability: string;
  /** Digest of all records and sessions. */
  readonly digest: string;
  readonly revision: number;
  /** Entries kept in memory for followers and for the next snapshot. */
  readonly raftLogBytes: number;
  readonly raftLogEntries: number;
  readonly appliedIndex: number;
  /** Of the newest durable snapshot. */
  readonly snapshotIndex: number;
  readonly snapshotsBegun: number;
  readonly flushes: number;
  readonly walWrittenBytes: number;
}

/** Milliseconds since the process began; in this order. */
export const MILESTONES = ['listening', 'recovered', 'ready'] as const;
export type Milestone = (typeof MILESTONES)[number];

export type NodeMessage =
  | { readonly kind: 'milestone'; readonly milestone: Milestone; readonly ms: number }
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'figures'; readonly figures: NodeFigures }
  | { readonly kind: 'ended'; readonly reason: string };
