/**
 * A group's snapshots: taken of our own store, sent to those who lag, installed from a leader.
 *
 *   store ──slices──► files ──saved──► raft (mark) ──► WAL (release), files (release)
 *   raft (wanted) ──► files ──chunks──► the other node's files ──received──► store ──► raft
 */

import {
  type GroupId,
  type LogIndex,
  logIndex,
  type Millis,
  millis,
  ZERO_INDEX,
} from '../base/units.ts';
import type { DiskCompletion } from '../core/disk.ts';
import { CHANNEL, type PeerFrameView } from '../core/protocol/peer-frame.ts';
import { configurationAt } from '../core/raft/configurations.ts';
import { bytesBetween } from '../core/raft/log.ts';
import { isJoined } from '../core/raft/quarantine.ts';
import { isSnapshotUseful } from '../core/raft/snapshot.ts';
import type { SnapshotsEvent } from '../core/snapshots/event.ts';
import { clearSnapshotsOut, type LoadEnd, type SnapshotsOut } from '../core/snapshots/out.ts';
import { isSaving, type SnapshotsState, wantsBytes } from '../core/snapshots/state.ts';
import { snapshots } from '../core/snapshots/step.ts';
import type { StoreEvent, StoreState } from '../core/store/state.ts';
import { store } from '../core/store/step.ts';
import type { Member, SnapshotMeta } from '../core/types.ts';
import { stepRaft } from './drain.ts';
import { type Group, isLeading } from './group.ts';
import { isLogLong, loggedBytes, maySnapshot } from './log-room.ts';
import { endUnknown, refuse } from './owners.ts';
import { neededIndex } from './rebuild.ts';
import { obeySettings } from './settings.ts';
import { failNode, findGroup, type Loading, type NodeState } from './state.ts';

export function snapshotsCompleted(node: NodeState, id: number, completion: DiskCompletion): void {
  const event = { kind: 'disk', completion } as const;
  const loading = node.loading.find(({ recovered }) => recovered.group === id);
  if (loading !== undefined) stepLoading(node, loading, event);
  else stepFiles(node, findGroup(node, id as GroupId)!, event);
}

const SLICE_FACTOR_MAX = 4096;
const SAVE_RETRY_MS = 1000;

/** At boot: the newest marked snapshot is the state to begin with. */
function stepLoading(node: NodeState, loading: Loading, event: SnapshotsEvent): void {
  const { files, storeState, recovered } = loading;
  const out = stepMachine(node, files, event);
  if (out.failed !== null) return;
  handLoaded(node, storeState, out, false);
  if (out.loadDone !== null) bootLoaded(node, loading, out.loadDone);
  if (!out.opened) return;
  if (recovered.snapshotIndex === ZERO_INDEX) loading.isDone = true;
  else stepLoading(node, loading, { kind: 'load', index: recovered.snapshotIndex });
}

function bootLoaded(node: NodeState, loading: Loading, done: LoadEnd): void {
  const failure = done.failure ?? endLoad(node, loading.storeState);
  const isAlone = node.config.ids.every((id) => id === node.config.id);
  if (failure !== null && (failure.code !== 'SNAPSHOT_DAMAGED' || isAlone)) {
    failNode(node, failure);
    return;
  }
  // The log is whole and others have the state: rebuild.ts asks for it.
  if (failure !== null) stepStore(node, loading.storeState, { kind: 'load-abort' });
  loading.fault = failure;
  loading.isDone = true;
}

function stepMachine(node: NodeState, files: SnapshotsState, event: SnapshotsEvent): SnapshotsOut {
  const out = node.snapshotsOut;
  clearSnapshotsOut(out);
  snapshots.step(files, event, node.now, out);
  node.desk.submit('snapshots', files.config.group, out.submissions);
  if (out.failed !== null) failNode(node, out.failed);
  return out;
}

/** What the file holds goes into the store as it comes. */
function handLoaded(node: NodeState, state: StoreState, out: SnapshotsOut, rebuild: boolean): void {
  if (out.loadBegun) stepStore(node, state, { kind: 'load-begin', rebuild });
  for (const bytes of out.loaded) stepStore(node, state, { kind: 'load', bytes });
}

function stepStore(node: NodeState, state: StoreState, event: StoreEvent): void {
  store.step(state, event, node.now, node.storeOut);
}

/** Null: the state is what the snapshot says. */
function endLoad(node: NodeState, state: StoreState) {
  node.storeOut.failed = null;
  node.storeOut.loaded = null;
  stepStore(node, state, { kind: 'load-end' });
  const fault = node.storeOut.failed;
  if (fault === null) return null;
  return { code: 'SNAPSHOT_DAMAGED', detail: String(fault) } as const;
}

function stepFiles(node: NodeState, group: Group, event: SnapshotsEvent): void {
  const out = stepMachine(node, group.files, event);
  if (out.failed !== null) return;
  const { saved, received, loadDone, sent, messages, damaged, saveFailed } = out;
  for (const { to, type, parts } of messages) {
    node.peers!.send(to, { channel: CHANNEL.SNAPSHOT, type, group: group.id }, parts);
  }
  handLoaded(node, group.store, out, group.rebuild !== null);
  for (const transfer of sent) {
    const { to: member, index, isInstalled } = transfer;
    stepRaft(node, group, { kind: 'snapshot-sent', member, index, isInstalled });
  }
  if (saved !== null) taken(node, group, saved);
  if (damaged > 0) group.isSnapshotDamaged = true;
  if (saveFailed !== null) postpone(node, group);
  if (received !== null) receive(node, group, received);
  if (loadDone !== null) installed(node, group, loadDone);
}

function taken(node: NodeState, group: Group, { index }: SnapshotMeta): void {
  stepRaft(node, group, { kind: 'snapshot-taken', index });
  const { log } = group.raft;
  group.trailingBytes = bytesBetween(log, log.baseIndex, index);
  group.sliceFactor = 1;
  group.isSnapshotDamaged = false;
}

/** No room, or the disk did not keep what was written: the snapshots before are as they were. */
function postpone(node: NodeState, group: Group): void {
  stepStore(node, group.store, { kind: 'snapshot-abort' });
  group.saveAt = millis(node.now + SAVE_RETRY_MS);
}

/** A leader's snapshot is whole on our disk: it goes into the store if it is still news. */
function receive(
  node: NodeState,
  group: Group,
  received: { readonly meta: SnapshotMeta; readonly from: Member },
): void {
  const { index } = received.meta;
  const isUseful = isNews(group, index);
  if (isUseful) group.installing = received;
  stepFiles(node, group, { kind: isUseful ? 'load' : 'rejected', index });
}

function installed(node: NodeState, group: Group, done: LoadEnd): void {
  const installing = group.installing;
  group.installing = null;
  if (installing === null) return;
  const { meta, from } = installing;
  if (!isNews(group, meta.index) || done.failure !== null || endLoad(node, group.store) !== null) {
    stepStore(node, group.store, { kind: 'load-abort' });
    stepFiles(node, group, { kind: 'rejected', index: meta.index });
    return;
  }
  endWaiting(node, group, meta);
  const stamp = group.store.logTime;
  const { wall } = node;
  if (isSnapshotUseful(group.raft, meta.index)) {
    stepRaft(node, group, { kind: 'snapshot-installed', meta, stamp, from, wall });
    group.applyThrough = meta.index;
  } else stepRaft(node, group, { kind: 'state-rebuilt', meta, stamp });
  group.rebuild = null;
  group.installedIndex = meta.index;
  group.trailingBytes = 0;
  if (group.store.settings !== null) obeySettings(node, group, group.store.settings);
  stepFiles(node, group, { kind: 'installed', index: meta.index });
}

/** Whether the snapshot at `index` tells more than our log, or gives back what we have lost. */
function isNews({ raft, rebuild }: Group, index: LogIndex): boolean {
  return isSnapshotUseful(raft, index) || (rebuild !== null && isJoined(raft, index));
}

/** Whoever waits for an entry that the snapshot covers will never see it applied here. */
function endWaiting(node: NodeState, group: Group, meta: SnapshotMeta): void {
  const { waiting } = group;
  group.waiting = waiting.filter(({ index }) => index > meta.index);
  for (const { index, writes, reads } of waiting) {
    if (index > meta.index) continue;
    endUnknown(node, writes);
    if (reads !== null) refuse(node, reads.rows, 'UNAVAILABLE');
  }
}

export function receiveSnapshotMessage(
  node: NodeState,
  group: Group,
  view: PeerFrameView,
  from: Member,
): void {
  const body = view.bytes.subarray(view.bodyAt, view.bodyAt + view.bodyBytes);
  const { currentTerm: term } = group.raft;
  // What rebuilds itself takes whatever its log joins, old or not.
  const isRebuilt = group.rebuild !== null;
  const commitIndex = isRebuilt ? logIndex(neededIndex(group) - 1) : group.raft.commitIndex;
  stepFiles(node, group, { kind: 'message', from, type: view.type, body, commitIndex, term });
}

/** Each turn: what Raft wants sent, what may be released, and a slice of what is being taken. */
export function takeSnapshots(node: NodeState): void {
  for (const group of node.groups) {
    sendWanted(node, group);
    if (group.releasable > 0) {
      const index = group.releasable;
      group.releasable = ZERO_INDEX;
      stepFiles(node, group, { kind: 'release', index });
    }
    if (group.files.phase !== 'open') continue;
    if (group.rebuild !== null) stopSaving(node, group);
    if (!isSaving(group.files) && isDue(node, group)) begin(node, group);
    if (isSaving(group.files)) continueSave(node, group);
  }
}

function sendWanted(node: NodeState, group: Group): void {
  const wanted = group.snapshotsWanted;
  group.snapshotsWanted = [];
  const term = group.raft.currentTerm;
  if (isLeading(group)) {
    for (const to of wanted) stepFiles(node, group, { kind: 'send', to, term });
  } else if (group.files.transfers.length > 0) {
    stepFiles(node, group, { kind: 'cancel-sends' });
  }
}

function isDue(node: NodeState, group: Group): boolean {
  if (!maySnapshot(group) || node.now < group.saveAt) return false;
  return isLogLong(node, group) || group.isSnapshotDamaged || isWanted(group);
}

const isWanted = ({ isSnapshotWanted, store, raft }: Group): boolean =>
  isSnapshotWanted && store.appliedIndex > raft.snapshotIndex;

function begin(node: NodeState, group: Group): void {
  group.isSnapshotWanted = false;
  group.snapshotAtBytes = loggedBytes(node);
  group.seenLogBytes = loggedBytes(node);
  const { appliedIndex: index, appliedTerm: term } = group.store;
  const configuration = configurationAt(group.raft, index);
  const meta = { group: group.id, index, term, configuration };
  stepStore(node, group.store, { kind: 'snapshot-begin', meta });
  stepFiles(node, group, { kind: 'save-begin', meta });
}

function continueSave(node: NodeState, group: Group): void {
  if (!wantsBytes(group.files)) return;
  const { storeOut: out } = node;
  out.snapshot = null;
  out.snapshotDone = false;
  out.snapshotAbandoned = false;
  // Faster than the log grows: a snapshot that falls behind its own log would never free any of it.
  const grownBytes = loggedBytes(node) - group.seenLogBytes;
  group.seenLogBytes += grownBytes;
  const bytesMax = (node.config.snapshotSliceBytes + 2 * grownBytes) * group.sliceFactor;
  stepStore(node, group.store, { kind: 'snapshot-slice', bytesMax });
  const { snapshot, snapshotDone, snapshotAbandoned } = out;
  if (snapshotAbandoned) abandon(node, group);
  if (snapshot !== null) stepFiles(node, group, { kind: 'save', bytes: snapshot });
  if (snapshotDone) stepFiles(node, group, { kind: 'save-end' });
}

/**
 * The state is wrong or lost: a snapshot of it is worth nothing, and could take the place of the
 * leader's of the same index.
 */
function stopSaving(node: NodeState, group: Group): void {
  if (!isSaving(group.files)) return;
  stepStore(node, group.store, { kind: 'snapshot-abort' });
  stepFiles(node, group, { kind: 'save-abort' });
}

/** Too much changed between two slices: the next attempt takes larger ones. */
function abandon(node: NodeState, group: Group): void {
  stepFiles(node, group, { kind: 'save-abort' });
  group.sliceFactor = Math.min(group.sliceFactor * 2, SLICE_FACTOR_MAX);
}

export function tickSnapshots(node: NodeState): void {
  for (const group of node.groups) {
    if (node.now >= snapshots.deadline(group.files)) stepFiles(node, group, { kind: 'tick' });
  }
}

/** A snapshot under way goes on in the next turn. */
export function snapshotsDeadline(node: NodeState): number {
  let deadline = Number.POSITIVE_INFINITY;
  for (const { files } of node.groups) {
    deadline = Math.min(deadline, snapshots.deadline(files));
    if (isSaving(files) && wantsBytes(files)) deadline = node.now;
  }
  return deadline as Millis;
}
