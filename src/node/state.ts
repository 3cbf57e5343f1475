/** Everything one node consists of. Its parts are in the files they are named after. */
import type { Failure } from '../base/errors.ts';
import type { ClusterId, GroupId, Millis, NodeId, Ticket } from '../base/units.ts';
import type { FormationOut, FormationState } from '../core/formation/state.ts';
import type { Identity, IdentityOut, IdentityState } from '../core/identity/state.ts';
import type { MendingState } from '../core/mending/state.ts';
import type { PeerFrameView } from '../core/protocol/peer-frame.ts';
import type { Refusal } from '../core/raft/out.ts';
import type { ResultLane } from '../core/results.ts';
import type { Ring } from '../core/router/ring.ts';
import type { SnapshotsOut } from '../core/snapshots/out.ts';
import type { SnapshotsState } from '../core/snapshots/state.ts';
import type { StoreOut, StoreState } from '../core/store/state.ts';
import type { SwimState } from '../core/swim/state.ts';
import type { Member, RecoveredGroup, WalRecord } from '../core/types.ts';
import type { WalEvent, WalOut, WalRecovery, WalState } from '../core/wal/state.ts';
import { type Lifecycle, type LifecycleEvent, phaseOf } from './charts/lifecycle.ts';
import type { NodeConfig } from './config.ts';
import type { Connections } from './connections.ts';
import type { NodeEvent, NodePorts } from './contract.ts';
import type { DiskDesk } from './disk-desk.ts';
import type { Group } from './group.ts';
import type { Peers } from './peers.ts';
import type { Room } from './room.ts';
import type { Served } from './served.ts';
import type { Timings } from './stages.ts';
import type { StepObserver } from './step-observer.ts';
import type { Stopping } from './stopping-state.ts';

/** From nothing to serving, and out of it: the outermost states of charts/lifecycle.ts. */
export type Phase =
  | 'identifying'
  | 'recovering'
  | 'mending'
  | 'loading'
  | 'serving'
  | 'withdrawing'
  | 'stopped'
  | 'failed';

/** A group at boot: its files are being looked at, its state is read from its snapshot. */
export interface Loading {
  readonly recovered: RecoveredGroup;
  readonly storeState: StoreState;
  readonly files: SnapshotsState;
  isDone: boolean;
  /** Why the state could not be read from its snapshot; null: it could. */
  fault: Failure | null;
}

export interface Counters {
  gets: number;
  puts: number;
  proposals: number;
  badFrames: number;
  foreignFrames: number;
  /** Requests refused with OVERLOADED. */
  overloaded: number;
  /** Entries that came to nothing, by why. */
  readonly proposalsFailed: Record<ProposalFailure, number>;
  /** Chains seen to differ from the majority's, or from each other. */
  stateHashMismatches: number;
}

/** no-room: the log has none. lost: another leader's entry stands in its place. */
export type ProposalFailure = Refusal | 'no-room' | 'lost';

export interface NodeState {
  readonly config: NodeConfig;
  readonly ports: NodePorts;
  /** Null: nobody looks on. */
  readonly observer: StepObserver | null;
  readonly lifecycle: Lifecycle;
  /** Where the lifecycle stands, for branches on the request path; only `advance` writes it. */
  phase: Phase;
  failure: Failure | null;
  now: Millis;
  wall: number;
  /** Random, new with every boot. */
  readonly nonce: number;
  /** Forward streams begun so far. */
  streams: number;
  readonly inputs: NodeEvent[];
  /** The frame that is being taken in. */
  readonly frame: PeerFrameView;
  readonly desk: DiskDesk;
  readonly identity: IdentityState;
  readonly identityOut: IdentityOut;
  self: Member | null;
  cluster: ClusterId | null;
  wal: WalState | null;
  readonly walOut: WalOut;
  /** Events that came up while the WAL's outbox was being read. */
  walEvents: WalEvent[];
  formation: FormationState | null;
  readonly formationOut: FormationOut;
  /** Members to form a cluster of, while its id is being written down. */
  forming: readonly Member[];
  /** What the disk said while booting. */
  known: Identity | null;
  recovery: WalRecovery | null;
  /** Null unless the log is damaged. */
  mending: MendingState | null;
  /** Groups whose snapshot is still being read at boot. */
  loading: Loading[];
  /** Null until there is a cluster. */
  swim: SwimState | null;
  /** Nodes whose newest frame named another cluster than ours, and which. */
  readonly foreign: Map<NodeId, ClusterId>;
  readonly connections: Connections;
  readonly served: Served;
  /** Results that the leader sent for requests we passed on. */
  readonly forwarded: ResultLane;
  peers: Peers | null;
  /** Ordered by id. */
  groups: Group[];
  ring: Ring | null;
  readonly storeOut: StoreOut;
  readonly snapshotsOut: SnapshotsOut;
  /** Null until a stop is asked for. */
  stopping: Stopping | null;
  /** This turn's records of all groups. */
  records: WalRecord[];
  lastTicket: Ticket;
  nextSweep: Millis;
  nextReclaim: Millis;
  /** Since when the log has been long enough to slow writers down; null: it is not. */
  slowSince: Millis | null;
  readonly counters: Counters;
  readonly timings: Timings;
  readonly room: Room;
}

export function findGroup(node: NodeState, id: GroupId): Group | null {
  return node.groups.find((group) => group.id === id) ?? null;
}

/** Something has happened in the node's life; the chart says what that makes of it. */
export function advance(node: NodeState, event: LifecycleEvent): void {
  node.phase = phaseOf(node.lifecycle.send(event));
}

/** What the node cannot go on with. Sticky; whoever drives it stops. */
export function failNode(node: NodeState, failure: Failure): void {
  // A node that has stopped was asked to go; what its disk says afterwards concerns nobody.
  if (node.failure !== null || node.phase === 'stopped') return;
  node.failure = failure;
  advance(node, 'fail');
}
