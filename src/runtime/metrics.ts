/**
 * /metrics: what the node counts, in Prometheus' words, filled in when it is asked for.
 *
 * 1. Nothing here runs on the request path, but two histograms: one observation a sync, and ten a
 *    second for the event loop's lag. What the node counts by batch is read from its tables.
 * 2. A series exists from boot, with 0 where nothing has happened yet; those of a peer exist for
 *    each peer of the list.
 * 3. The daemon has one group, so no series names a group.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { NOBODY } from '../base/units.ts';
import type { Role } from '../core/raft/state.ts';
import { liveKeys, logicalBytes } from '../core/store/state.ts';
import type { Durability } from '../core/types.ts';
import { reservedBytes } from '../core/wal/state.ts';
import type { NodeState } from '../node/state.ts';
import type { DaemonNet } from './daemon-net.ts';
import { registerHelperMetrics } from './helper-metrics.ts';
import type { DaemonLog } from './log.ts';
import { registerNodeMetrics } from './node-metrics.ts';
import type { HelperStatus } from './supervisor.ts';
import type { Watch } from './watch.ts';

const FSYNC_BUCKETS = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.25, 1];
const LAG_BUCKETS = [1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.25, 1];
const LAG_EVERY_MS = 100;
const ROLES: readonly Role[] = ['follower', 'pre-candidate', 'candidate', 'leader'];
const DURABILITIES: readonly Durability[] = ['unsafe', 'durable', 'strict'];

export interface MetricSources {
  readonly version: string;
  readonly node: NodeState;
  readonly net: DaemonNet;
  readonly log: DaemonLog;
  readonly watch: Watch;
  readonly helpers: () => readonly HelperStatus[];
  readonly turns: () => number;
  readonly freeBytes: () => number;
  /** What serves each port that has a native implementation: `native` or `node`. */
  readonly implementations: Readonly<Record<string, string>>;
}

type Reading = readonly [name: string, help: string, read: () => number];

export class Metrics {
  readonly registry = new Registry();
  readonly #sources: MetricSources;
  readonly #fsync: Histogram;
  readonly #lagTimer: NodeJS.Timeout;

  constructor(sources: MetricSources) {
    this.#sources = sources;
    for (const reading of this.#counterReadings()) this.#counter(reading);
    for (const reading of this.#gaugeReadings()) this.#gauge(reading);
    this.#labelled();
    this.#perPeer();
    registerNodeMetrics(this.registry, sources.node);
    registerHelperMetrics(this.registry, sources.helpers);
    this.#fsync = this.#histogram(
      'apex_wal_fsync_duration_seconds',
      'Time that a sync of file data took.',
      FSYNC_BUCKETS,
    );
    const lag = this.#histogram(
      'apex_eventloop_lag_seconds',
      'How late a timer of the event loop rang.',
      LAG_BUCKETS,
    );
    this.#lagTimer = sampleLag(lag);
  }

  synced(seconds: number): void {
    this.#fsync.observe(seconds);
  }

  end(): void {
    clearInterval(this.#lagTimer);
  }

  #counterReadings(): Reading[] {
    const { node, watch, log, net, turns } = this.#sources;
    const raft = () => node.groups[0]?.raft;
    const wal = () => node.wal?.stats;
    return [
      ['apex_raft_commits_total', 'Entries seen to be committed.', () => watch.commits],
      [
        'apex_state_hash_mismatch_total',
        "State hashes seen to differ from the majority's, or with no majority at all.",
        () => node.counters.stateHashMismatches,
      ],
      ['apex_raft_proposals_total', 'Entries proposed here.', () => node.counters.proposals],
      ['apex_raft_elections_total', 'Elections begun here.', () => raft()?.electionsStarted ?? 0],
      ['apex_raft_leader_changes_total', 'Leaders that came.', () => raft()?.leaderChanges ?? 0],
      ['apex_wal_bytes_total', 'Bytes written to the log.', () => wal()?.writtenBytes ?? 0],
      ['apex_wal_flushes_total', 'Flushes of the log.', () => wal()?.flushes ?? 0],
      ['apex_wal_records_total', 'Records written to the log.', () => wal()?.records ?? 0],
      [
        'apex_overloaded_total',
        'Requests refused with OVERLOADED.',
        () => node.counters.overloaded,
      ],
      ['apex_bad_frames_total', 'Peer frames that were not right.', () => node.counters.badFrames],
      [
        'apex_foreign_frames_total',
        'Peer frames for another cluster or store.',
        () => node.counters.foreignFrames,
      ],
      [
        'apex_client_connections_refused_total',
        'Connections beyond the limit.',
        () => node.connections.refused,
      ],
      [
        'apex_sockets_refused_total',
        'Connections closed as they came: too many sockets, or no descriptor left.',
        () => net.socketsRefused,
      ],
      [
        'apex_slow_readers_closed_total',
        'Clients closed because they took nothing.',
        () => node.connections.slowReadersClosed,
      ],
      [
        'apex_readers_evicted_total',
        'Clients closed because too many bytes were unsent over all of them.',
        () => node.connections.evicted,
      ],
      [
        'apex_gossip_dropped_total',
        'Datagrams that could not be sent.',
        () => net.gossip.datagramsDropped,
      ],
      ['apex_log_lines_dropped_total', 'Log lines without room.', () => log.linesDropped],
      ['apex_turns_total', 'Turns of the node.', turns],
      ['process_cpu_seconds_total', 'User and system CPU time spent.', cpuSeconds],
    ];
  }

  #gaugeReadings(): Reading[] {
    const { node, freeBytes } = this.#sources;
    const raft = () => node.groups[0]?.raft;
    const store = () => node.groups[0]?.store;
    const hasLeader = (): number => Number((raft()?.leader ?? NOBODY) !== NOBODY);
    const quota = (): number => (store()?.settings ?? node.config.settings).quotaBytes;
    return [
      ['apex_raft_has_leader', 'Whether this node knows a leader.', hasLeader],
      ['apex_raft_term', 'Current term.', () => raft()?.currentTerm ?? 0],
      ['apex_raft_commit_index', 'Highest committed index.', () => raft()?.commitIndex ?? 0],
      ['apex_raft_applied_index', 'Highest applied index.', () => raft()?.appliedIndex ?? 0],
      [
        'apex_raft_proposals_pending',
        'Entries proposed here that wait to be applied.',
        () => node.groups[0]?.waiting.length ?? 0,
      ],
      ['apex_store_keys', 'Keys held.', () => mapped(store(), liveKeys)],
      [
        'apex_store_bytes',
        'Bytes that count against the quota.',
        () => mapped(store(), logicalBytes),
      ],
      ['apex_store_quota_bytes', 'The quota.', quota],
      ['apex_client_connections', 'Open client connections.', () => node.connections.count],
      ['apex_disk_free_bytes', 'Room on the data disk.', freeBytes],
      [
        'apex_wal_reserved_bytes',
        'Log bytes with room made.',
        () => mapped(node.wal, reservedBytes),
      ],
      ['process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()],
      ['process_start_time_seconds', 'When the process began.', startSeconds],
    ];
  }

  #counter([name, help, read]: Reading): void {
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  #gauge([name, help, read]: Reading): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  #labelled(): void {
    const { node, version, implementations } = this.#sources;
    const registers = [this.registry];
    new Counter({
      name: 'apex_ops_total',
      help: 'Requests of clients.',
      labelNames: ['op'],
      registers,
      collect() {
        this.reset();
        this.inc({ op: 'get' }, node.counters.gets);
        this.inc({ op: 'put' }, node.counters.puts);
      },
    });
    new Gauge({
      name: 'apex_raft_role',
      help: 'One-hot: what this node is.',
      labelNames: ['role'],
      registers,
      collect() {
        const own = node.groups[0]?.raft.role ?? null;
        for (const role of ROLES) this.set({ role }, Number(role === own));
      },
    });
    new Gauge({
      name: 'apex_durability',
      help: 'One-hot: what an acknowledged write has survived.',
      labelNames: ['mode'],
      registers,
      collect() {
        const settings = node.groups[0]?.store.settings ?? node.config.settings;
        for (const mode of DURABILITIES) this.set({ mode }, Number(mode === settings.durability));
      },
    });
    const build = new Gauge({
      name: 'apex_build_info',
      help: 'Always 1.',
      labelNames: ['version', 'runtime'],
      registers,
    });
    build.set({ version, runtime: `node ${process.version}` }, 1);
    const ports = new Gauge({
      name: 'apex_port_info',
      help: 'Always 1: what serves the port, native or node.',
      labelNames: ['port', 'implementation'],
      registers,
    });
    for (const [port, implementation] of Object.entries(implementations)) {
      ports.set({ port, implementation }, 1);
    }
    const thread = new Gauge({
      name: 'apex_net_thread',
      help: 'Whether a thread of its own serves the sockets.',
      registers,
    });
    thread.set(Number(this.#sources.net.isThreaded));
  }

  #perPeer(): void {
    const { node, net } = this.#sources;
    const registers = [this.registry];
    const labelNames = ['peer'];
    new Gauge({
      name: 'apex_peer_link_up',
      help: 'Whether our link to the peer is up.',
      labelNames,
      registers,
      collect() {
        for (const { endpoint, isUp } of net.links) this.set({ peer: endpoint.id }, Number(isUp));
      },
    });
    new Gauge({
      name: 'apex_peer_replication_lag_entries',
      help: 'Entries that the peer lacks, as a leader knows it; 0 elsewhere.',
      labelNames,
      registers,
      collect() {
        for (const { endpoint } of net.links) {
          this.set({ peer: endpoint.id }, lagOf(node, endpoint.id));
        }
      },
    });
    this.#peerCounter('apex_peer_frames_sent_total', 'Frames sent to the peer.', 'framesSent');
    this.#peerCounter(
      'apex_peer_frames_dropped_total',
      'Frames that found no link or no room.',
      'framesDropped',
    );
  }

  #peerCounter(name: string, help: string, field: 'framesSent' | 'framesDropped'): void {
    const { net } = this.#sources;
    new Counter({
      name,
      help,
      labelNames: ['peer'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const link of net.links) this.inc({ peer: link.endpoint.id }, link[field]);
      },
    });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }
}

function mapped<Value>(value: Value | null | undefined, read: (value: Value) => number): number {
  return value === null || value === undefined ? 0 : read(value);
}

function lagOf(node: NodeState, peer: number): number {
  const raft = node.groups[0]?.raft;
  const progress = raft?.leading?.progress.find(({ member }) => member.id === peer);
  return progress === undefined ? 0 : Math.max(0, raft!.commitIndex - progress.matchIndex);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const startSeconds = (): number => Math.floor(performance.timeOrigin / 1000);

function sampleLag(histogram: Histogram): NodeJS.Timeout {
  let expected = performance.now() + LAG_EVERY_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    histogram.observe(Math.max(0, now - expected) / 1000);
    expected = now + LAG_EVERY_MS;
  }, LAG_EVERY_MS);
  timer.unref();
  return timer;
}
