/** Making a group: its Raft machine from what the disk gave back, its store empty or loaded. */
import { type GroupId, type LogIndex, ZERO_INDEX } from '../base/units.ts';
import { hashes } from '../core/hashes/step.ts';
import { raft } from '../core/raft/step.ts';
import { newSnapshotsOut } from '../core/snapshots/out.ts';
import { defaultSnapshotsConfig, type SnapshotsState } from '../core/snapshots/state.ts';
import { snapshots } from '../core/snapshots/step.ts';
import type { StoreState } from '../core/store/state.ts';
import { store } from '../core/store/step.ts';
import type { Configuration, RecoveredGroup } from '../core/types.ts';
import { usedBytes } from '../core/wal/state.ts';
import { type Group, newGroup } from './group.ts';
import { loggedBytes } from './log-room.ts';
import { findGroup, type NodeState } from './state.ts';

const NO_CONFIGURATION: Configuration = { voters: [], outgoing: [], learners: [] };

export function newStore(node: NodeState, group: GroupId): StoreState {
  const { regionBytes, expiredPerEntryMax, preimageBytesMax } = node.config;
  const { memory } = node.ports;
  const allocate = (bytes: number): Uint8Array => memory.allocate(bytes);
  const { scout } = memory;
  return store.init({ group, allocate, scout, regionBytes, expiredPerEntryMax, preimageBytesMax });
}

/** Starts to look at a group's snapshot files. `mark`: what the WAL's newest mark names. */
export function openFiles(node: NodeState, group: GroupId, mark: LogIndex): SnapshotsState {
  const files = snapshots.init({
    ...defaultSnapshotsConfig(group),
    ...node.config.snapshotSizes,
  });
  const out = newSnapshotsOut();
  snapshots.step(files, { kind: 'open', mark }, node.now, out);
  node.desk.submit('snapshots', group, out.submissions);
  return files;
}

/** The group, made empty if this node has not heard of it yet. */
export function ensureGroup(node: NodeState, id: GroupId): Group {
  const known = findGroup(node, id);
  if (known !== null) return known;
  return addGroup(node, {
    recovered: {
      group: id,
      hardState: { term: 0 as never, votedFor: null },
      snapshotIndex: 0 as never,
      snapshotTerm: 0 as never,
      entries: [],
    },
    storeState: newStore(node, id),
    files: openFiles(node, id, ZERO_INDEX),
  });
}

/** A group as recovered, its store holding the state at the snapshot's index. */
export function addGroup(
  node: NodeState,
  parts: {
    readonly recovered: RecoveredGroup;
    readonly storeState: StoreState;
    readonly files: SnapshotsState;
  },
): Group {
  const { recovered, storeState, files } = parts;
  const { config } = node;
  const word = (): number => node.ports.entropy.word();
  const state = raft.init({
    group: recovered.group,
    self: node.self!,
    electionTimeoutMs: config.electionTimeoutMs,
    heartbeatMs: config.heartbeatMs,
    appendBytesMax: config.appendBytesMax,
    appendEntriesMax: config.appendEntriesMax,
    inflightBytesMax: config.inflightBytesMax,
    inflightEntriesMax: config.inflightEntriesMax,
    uncommittedBytesMax: config.uncommittedBytesMax,
    readsMax: config.readsMax,
    trailingEntries: config.trailingEntries,
    trailingBytesMax: config.trailingBytesMax,
    clockSkewMsMax: config.clockSkewMsMax,
    seed: [word(), word(), word(), word()],
    hardState: recovered.hardState,
    snapshotIndex: recovered.snapshotIndex,
    snapshotTerm: recovered.snapshotTerm,
    snapshotStamp: storeState.logTime,
    configuration: storeState.configuration ?? NO_CONFIGURATION,
    entries: recovered.entries,
    durability: storeState.settings?.durability ?? config.settings.durability,
  });
  node.observer?.began(state);
  const group = newGroup({
    raft: state,
    store: storeState,
    files,
    hashes: hashes.init({ self: node.self!, askMs: config.hashMs }),
  });
  // Whatever the log holds from before counts as written since the last snapshot.
  group.snapshotAtBytes = loggedBytes(node) - usedBytes(node.wal!);
  node.groups.push(group);
  node.groups.sort((left, right) => left.id - right.id);
  return group;
}
