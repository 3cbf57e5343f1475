/**
 * A node: the machines of one process behind its driver's contract.
 *
 * Everything that comes in passes `input` or `turn`; nothing here knows a socket, a file or a clock.
 */
import type { Failure } from '../base/errors.ts';
import { type Millis, ZERO_TICKET } from '../base/units.ts';
import { FormationOut } from '../core/formation/state.ts';
import { newIdentityOut } from '../core/identity/state.ts';
import { identity } from '../core/identity/step.ts';
import { newPeerFrameView } from '../core/protocol/peer-frame.ts';
import { PLAIN_ROOM, type WireMetrics } from '../core/protocol/writer.ts';
import { ResultLane } from '../core/results.ts';
import { newSnapshotsOut } from '../core/snapshots/out.ts';
import { clearStoreOut, newStoreOut } from '../core/store/state.ts';
import { newWalOut } from '../core/wal/state.ts';
import { newLifecycle } from './charts/lifecycle.ts';
import type { NodeConfig } from './config.ts';
import { Connections } from './connections.ts';
import type { NodeDriver, NodeEvent, NodePorts } from './contract.ts';
import { DiskDesk } from './disk-desk.ts';
import { startIdentity } from './identify.ts';
import { newRoom } from './room.ts';
import { Served } from './served.ts';
import { newTimings } from './stages.ts';
import type { Counters, NodeState } from './state.ts';
import type { StepObserver } from './step-observer.ts';
import { nodeDeadline } from './tick.ts';
import { turn } from './turn.ts';

export class Node implements NodeDriver {
  readonly state: NodeState;

  /** `stopwatch` tells microseconds within a turn, for operators. Null: nobody looks. */
  constructor(
    config: NodeConfig,
    ports: NodePorts,
    stopwatch: (() => number) | null = null,
    observer: StepObserver | null = null,
  ) {
    const state: NodeState = {
      config,
      ports,
      observer,
      lifecycle: newLifecycle(),
      phase: 'identifying',
      failure: null,
      now: 0 as Millis,
      wall: 0,
      nonce: 1 + Math.floor(ports.entropy.word() / 2),
      streams: 0,
      inputs: [],
      frame: newPeerFrameView(),
      desk: new DiskDesk(ports.disk),
      identity: identity.init({ nodeId: config.id, dataPrefixes: ['wal-', 'snapshot-'] }),
      identityOut: newIdentityOut(),
      self: null,
      cluster: null,
      wal: null,
      walOut: newWalOut(),
      walEvents: [],
      formation: null,
      formationOut: new FormationOut(),
      forming: [],
      known: null,
      recovery: null,
      mending: null,
      loading: [],
      connections: new Connections({
        nodeId: config.id,
        net: ports.net,
        limits: config.limits,
        local: {
          server: config.server,
          metrics: () => wireMetrics(state),
          addressOf: (id) => config.addresses.get(id) ?? null,
        },
      }),
      served: new Served(config.forwardReplyBytesMax),
      forwarded: new ResultLane(),
      foreign: new Map(),
      swim: null,
      peers: null,
      groups: [],
      ring: null,
      storeOut: newStoreOut(PLAIN_ROOM, config.turnValueBytesMax),
      snapshotsOut: newSnapshotsOut(),
      stopping: null,
      records: [],
      lastTicket: ZERO_TICKET,
      nextSweep: 0 as Millis,
      nextReclaim: 0 as Millis,
      slowSince: null,
      room: newRoom(),
      counters: newCounters(),
      timings: newTimings(
        config.ids.filter((peer) => peer !== config.id),
        stopwatch,
      ),
    };
    this.state = state;
    startIdentity(state);
  }

  get failure(): Failure | null {
    return this.state.failure;
  }

  input(event: NodeEvent): void {
    this.state.inputs.push(event);
  }

  turn(now: Millis, wall: number, micros = now * 1000): void {
    clearStoreOut(this.state.storeOut);
    this.state.forwarded.clear();
    turn(this.state, { now, wall, micros });
  }

  deadline(): Millis {
    return nodeDeadline(this.state);
  }
}

function newCounters(): Counters {
  return {
    gets: 0,
    puts: 0,
    proposals: 0,
    badFrames: 0,
    foreignFrames: 0,
    stateHashMismatches: 0,
    overloaded: 0,
    proposalsFailed: {
      'not-leader': 0,
      transferring: 0,
      overloaded: 0,
      'not-formed': 0,
      'no-such-member': 0,
      'change-pending': 0,
      'not-empty': 0,
      'no-room': 0,
      lost: 0,
    },
  };
}

function wireMetrics(node: NodeState): WireMetrics {
  const { latencies } = node.connections;
  return {
    opsGet: node.counters.gets,
    opsPut: node.counters.puts,
    p99GetMicros: latencies.gets.quantile(0.99),
    p99PutMicros: latencies.puts.quantile(0.99),
  };
}
