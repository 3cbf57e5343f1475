/** Series of what the node keeps in tables: durations, batches, failures by reason, members. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { Distribution } from '../base/distribution.ts';
import type { MemberState } from '../core/swim/state.ts';
import { FLUSH_ENTRIES_EDGES } from '../core/wal/state.ts';
import { STAGES } from '../node/stages.ts';
import type { NodeState } from '../node/state.ts';
import { registerDistribution } from './distribution-metric.ts';

const MICROS = 1e6;
const MEMBER_STATES: readonly MemberState[] = ['alive', 'suspect', 'dead', 'left'];
/** A node has no log before it has looked at its disk. */
const NO_FLUSHES = new Distribution(FLUSH_ENTRIES_EDGES);

export function registerNodeMetrics(registry: Registry, node: NodeState): void {
  registerDurations(registry, node);
  registerDistribution(registry, {
    name: 'apex_wal_batch_entries',
    help: 'Entries that one flush of the log took with it.',
    scale: 1,
    read: () => [{ labels: {}, distribution: node.wal?.stats.flushEntries ?? NO_FLUSHES }],
  });
  registerFailures(registry, node);
  registerMembers(registry, node);
}

function registerDurations(registry: Registry, node: NodeState): void {
  registerDistribution(registry, {
    name: 'apex_request_duration_seconds',
    help: 'From reading a request to writing its result, here; refusals are not in it.',
    scale: MICROS,
    read: () =>
      node.connections.latencies.requests.map(({ op, isStale, durations }) => ({
        labels: { op, consistency: isStale ? 'stale' : 'linearizable' },
        distribution: durations,
      })),
  });
  registerDistribution(registry, {
    name: 'apex_stage_duration_seconds',
    help: 'Where the time of requests goes, one observation a batch.',
    scale: MICROS,
    read: () =>
      STAGES.map((stage) => ({ labels: { stage }, distribution: node.timings.stages[stage] })),
  });
  registerDistribution(registry, {
    name: 'apex_peer_rtt_seconds',
    help: 'Round trips of gossip to the peer and back.',
    scale: MICROS,
    read: () =>
      [...node.timings.roundTrips].map(([peer, distribution]) => ({
        labels: { peer: `${peer}` },
        distribution,
      })),
  });
}

function registerFailures(registry: Registry, node: NodeState): void {
  new Counter({
    name: 'apex_raft_proposals_failed_total',
    help: 'Entries that were refused here, or lost to another leader.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(node.counters.proposalsFailed)) {
        this.inc({ reason }, count);
      }
    },
  });
}

function registerMembers(registry: Registry, node: NodeState): void {
  new Gauge({
    name: 'apex_gossip_members',
    help: 'Other nodes, by what gossip holds of them.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const members = [...(node.swim?.members.values() ?? [])];
      for (const state of MEMBER_STATES) {
        this.set({ state }, members.filter((member) => member.state === state).length);
      }
    },
  });
}
