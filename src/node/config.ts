/** What a node is started with. Only the first value of a replicated setting comes from here. */
import type { NodeId } from '../base/units.ts';
import {
  MESSAGE_HEAD_BYTES,
  PEER_FRAME_BYTES_MAX,
  PEER_HEADER_BYTES,
} from '../core/protocol/peer-frame.ts';
import type { RaftTuning } from '../core/raft/state.ts';
import { SNAPSHOT_SIZES, type SnapshotSizes } from '../core/snapshots/state.ts';
import type { Settings } from '../core/types.ts';
import { WAL_SIZES, type WalSizes } from '../core/wal/state.ts';
import type { ConnectionLimits } from './connections.ts';

export interface NodeConfig extends RaftTuning {
  readonly id: NodeId;
  /** The address list's ids, our own included. After formation it is only an address book. */
  readonly ids: readonly NodeId[];
  /** Client addresses, `host:port`, by id: what REDIRECT names. */
  readonly addresses: ReadonlyMap<NodeId, string>;
  /** Name and version, for people. */
  readonly server: string;
  readonly settings: Omit<Settings, 'clusterId' | 'tableSeed'>;
  readonly segmentBytes: number;
  /** With less room than this on the disk nothing is taken in that makes the state grow. */
  readonly diskReserveBytes: number;
  readonly flushesInFlightMax: number;
  readonly idleMarkMs: number;
  readonly logSizes: WalSizes;
  /** What the log may take on disk, or as much as the content if that is more. */
  readonly logDiskBytesMax: number;
  /** Bytes of entries since the last snapshot that call for the next. */
  readonly snapshotLogBytes: number;
  /** Bytes of a snapshot that one turn encodes. */
  readonly snapshotSliceBytes: number;
  readonly snapshotSizes: SnapshotSizes;
  readonly regionBytes: number;
  readonly expiredPerEntryMax: number;
  readonly preimageBytesMax: number;
  /** Memory is looked after this often, in slices of about so many records. */
  readonly reclaimMs: number;
  readonly reclaimRecords: number;
  readonly announceMs: number;
  /** A leader compares state hashes with its members this often. */
  readonly hashMs: number;
  /** SWIM's protocol period. */
  readonly probePeriodMs: number;
  /** A request without an answer for so long ends: unknown if it was sent on, else refused. */
  readonly requestTimeoutMs: number;
  /** Messages with requests to the leader of a group, from the oldest without an answer on. */
  readonly forwardsMax: number;
  /** The answers to one message with requests: what a frame to a peer has room for, or less. */
  readonly forwardReplyBytesMax: number;
  /** Bytes of values that reads, and as many that writes, may answer in one turn, over all clients. */
  readonly turnValueBytesMax: number;
  /** Requests that may wait for a leader to be known. */
  readonly parkedMax: number;
  readonly limits: ConnectionLimits;
}

const MIB = 1024 * 1024;

export const NODE_DEFAULTS = {
  server: 'apex-kv',
  electionTimeoutMs: 500,
  heartbeatMs: 100,
  appendBytesMax: MIB,
  appendEntriesMax: 256,
  inflightBytesMax: 16 * MIB,
  inflightEntriesMax: 1024,
  uncommittedBytesMax: 64 * MIB,
  readsMax: 4096,
  trailingEntries: 1024,
  trailingBytesMax: 16 * MIB,
  clockSkewMsMax: 5000,
  segmentBytes: 32 * MIB,
  diskReserveBytes: 64 * MIB,
  flushesInFlightMax: 1,
  idleMarkMs: 1000,
  logSizes: WAL_SIZES,
  logDiskBytesMax: 256 * MIB,
  snapshotLogBytes: 64 * MIB,
  snapshotSliceBytes: 256 * 1024,
  snapshotSizes: SNAPSHOT_SIZES,
  regionBytes: 64 * MIB,
  expiredPerEntryMax: 256,
  preimageBytesMax: 64 * MIB,
  reclaimMs: 10,
  reclaimRecords: 64,
  announceMs: 200,
  hashMs: 1000,
  probePeriodMs: 1000,
  requestTimeoutMs: 5000,
  forwardsMax: 256,
  forwardReplyBytesMax: PEER_FRAME_BYTES_MAX - PEER_HEADER_BYTES - MESSAGE_HEAD_BYTES,
  turnValueBytesMax: 256 * MIB,
  parkedMax: 10_000,
  limits: {
    connectionsMax: 10_000,
    pipelineMax: 4096,
    unsentBytesMax: 4 * MIB,
    unsentTotalBytesMax: 1024 * MIB,
    slowReaderMs: 10_000,
  },
} as const;
