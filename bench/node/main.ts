/**
 * A node's process for benches: the daemon of `kv serve`, with the same configuration, on ports of
 * the kernel's choice, and with a door to its parent that tells what its memory holds.
 *
 * It is a composition root of its own, so that the daemon needs no door for benches. The parent is
 * another process: neither the load nor the parent's memory is in this one's figures.
 */
import { readFileSync } from 'node:fs';
import { nodeId } from '../../src/base/units.ts';
import { isFormed } from '../../src/core/raft/configurations.ts';
import { lastIndex } from '../../src/core/raft/log.ts';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import { storeFootprint } from '../../src/core/store/footprint.ts';
import { contentDigest } from '../../src/core/store/state.ts';
import { NODE_DEFAULTS, type NodeConfig } from '../../src/node/config.ts';
import type { NodeState } from '../../src/node/state.ts';
import { SYSTEM_CLOCK } from '../../src/runtime/clock.ts';
import { Daemon } from '../../src/runtime/daemon.ts';
import { openDataDirectory } from '../../src/runtime/data-directory.ts';
import { openListeners } from '../../src/runtime/listeners.ts';
import { DaemonLog } from '../../src/runtime/log.ts';
import { bestImplementation } from '../../src/runtime/native/choice.ts';
import { MILESTONES, type NodeFigures, type NodeMessage, type NodeOptions } from './door.ts';

const HOST = '127.0.0.1';
const LOOK_EVERY_MS = 2;
const ID = nodeId(1);

async function main({ walDirectory, quotaBytes }: NodeOptions): Promise<void> {
  const directory = await openDataDirectory(walDirectory, ID);
  if ('code' in directory) return leave(`${directory.code}: ${directory.detail}`);
  const wanted = { port: 0, peerPort: null, gossipPort: 0, httpPort: 0 };
  const listeners = await openListeners(HOST, wanted);
  if ('code' in listeners) return leave(`${listeners.code}: ${listeners.detail}`);
  const { port } = listeners.ports;
  const daemon = new Daemon({
    version: '0.0.0',
    config: configOf(port, quotaBytes),
    listeners,
    directory: directory.path,
    disk: bestImplementation(),
    peers: [],
    log: DaemonLog.silent(),
    clock: SYSTEM_CLOCK,
    warnings: [],
    asked: {},
    journal: null,
    raftTrace: null,
  });
  void daemon.ended.then((end) => {
    const { kind } = end;
    leave(kind === 'failed' ? `${end.failure.code}: ${end.failure.detail}` : kind);
  });
  say({ kind: 'port', port });
  watchMilestones(daemon.node.state);
  process.on('message', () => say({ kind: 'figures', figures: figuresOf(daemon.node.state) }));
  process.on('disconnect', () => process.exit());
}

function configOf(port: number, quotaBytes: number): NodeConfig {
  return {
    ...NODE_DEFAULTS,
    id: ID,
    ids: [ID],
    addresses: new Map([[ID, `${HOST}:${port}`]]),
    settings: { ...DEFAULT_SETTINGS, quotaBytes },
  };
}

function watchMilestones(node: NodeState): void {
  const isReached = {
    listening: () => true,
    recovered: () => node.phase === 'serving' && node.groups.length > 0,
    ready: () => {
      const [group] = node.groups;
      if (group === undefined || group.raft.role !== 'leader') return false;
      const { raft } = group;
      // A leader's no-op is the log's last entry: once it is applied, so is all that was recovered.
      return isFormed(raft) && raft.appliedIndex === lastIndex(raft.log);
    },
  };
  let next = 0;
  const timer = setInterval(() => {
    for (
      let one = MILESTONES[next];
      one !== undefined && isReached[one]();
      one = MILESTONES[next]
    ) {
      say({ kind: 'milestone', milestone: one, ms: performance.now() });
      next++;
    }
    if (next === MILESTONES.length) clearInterval(timer);
  }, LOOK_EVERY_MS);
}

function figuresOf({ groups, wal }: NodeState): NodeFigures {
  const { raft, store } = groups[0]!;
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const { high, low } = contentDigest(store);
  return {
    residentBytes: rss,
    residentBytesPeak: peakOf('/proc/self/status'),
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
    store: storeFootprint(store),
    durability: store.settings!.durability,
    digest: [high, low].map((half) => half.toString(16).padStart(8, '0')).join(''),
    revision: store.revision,
    raftLogBytes: raft.log.bytes,
    raftLogEntries: raft.log.entries.length,
    appliedIndex: raft.appliedIndex,
    snapshotIndex: raft.snapshotIndex,
    snapshotsBegun: store.snapshotCount,
    flushes: wal!.stats.flushes,
    walWrittenBytes: wal!.stats.writtenBytes,
  };
}

function peakOf(file: string): number | null {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8')) ?? [];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}

function say(message: NodeMessage): void {
  process.send?.(message);
}

function leave(reason: string): void {
  process.send?.({ kind: 'ended', reason } satisfies NodeMessage, () => process.exit());
}

await main(JSON.parse(process.argv[2]!) as NodeOptions);
