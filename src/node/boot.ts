/**
 * From nothing to serving: whose directory this is, what its log holds, what its snapshots hold.
 *
 *   identifying → recovering → loading → serving
 *        ▲            ↘ mending ↗
 *        └─ given up ─────┘
 *
 * Each step waits for the disk; a step that cannot go on says so with a code and fails the node.
 * The steps and what may interrupt them are a chart: charts/lifecycle.ts.
 */
import { formation } from '../core/formation/step.ts';
import type { Identity } from '../core/identity/state.ts';
import { buildRing } from '../core/router/ring.ts';
import { defaultWalConfig, type WalRecovery } from '../core/wal/state.ts';
import { wal } from '../core/wal/step.ts';
import { isUnwritten, noteSeat } from './forming.ts';
import { startGossip } from './gossip.ts';
import { addGroup, newStore, openFiles } from './groups.ts';
import { beginMending } from './mending.ts';
import { Peers } from './peers.ts';
import { stepWal } from './persist.ts';
import { beginRebuild } from './rebuild.ts';
import { advance, type NodeState } from './state.ts';

/** The next steps of booting, as far as the disk's answers allow. */
export function continueBoot(node: NodeState): void {
  if (node.phase === 'identifying' && node.known !== null) identified(node, node.known);
  if (node.phase === 'recovering' && node.recovery !== null) walRecovered(node, node.recovery);
  if (node.phase === 'mending') continueMending(node);
  if (node.phase === 'loading') takeLoaded(node);
}

/** The log was made whole, or the store's successor has its name. */
function continueMending(node: NodeState): void {
  const { known, recovery } = node;
  if (recovery !== null && recovery.damage === null) loadGroups(node, recovery);
  else if (known !== null && known.storeId !== node.self!.store) {
    advance(node, 'given-up');
    node.mending = null;
    node.recovery = null;
    node.swim = null;
    identified(node, known);
  }
}

function identified(node: NodeState, { storeId, clusterId }: Identity): void {
  node.self = { id: node.config.id, store: storeId };
  node.peers = new Peers(node.ports.net, node.self);
  node.cluster = clusterId;
  if (clusterId !== null) {
    node.peers.joinCluster(clusterId);
    startGossip(node, clusterId);
  }
  advance(node, 'identified');
  const { config } = node;
  node.wal = wal.init({
    ...defaultWalConfig(storeId),
    ...config.logSizes,
    segmentBytes: config.segmentBytes,
    flushesInFlightMax: config.flushesInFlightMax,
    idleMarkMs: config.idleMarkMs,
    durability: config.settings.durability,
  });
  stepWal(node, { kind: 'open' });
}

/** The WAL has read itself. */
function walRecovered(node: NodeState, recovery: WalRecovery): void {
  if (recovery.damage !== null) beginMending(node, recovery.damage);
  else loadGroups(node, recovery);
}

/** The log is whole, or whole again. */
function loadGroups(node: NodeState, recovery: WalRecovery): void {
  advance(node, node.mending === null ? 'recovered' : 'mended');
  node.mending = null;
  for (const recovered of recovery.groups) {
    const { group, snapshotIndex } = recovered;
    const files = openFiles(node, group, snapshotIndex);
    const storeState = newStore(node, group);
    node.loading.push({ recovered, storeState, files, isDone: false, fault: null });
  }
}

/** When every group has its state the node serves. */
function takeLoaded(node: NodeState): void {
  if (node.loading.some(({ isDone }) => !isDone) || node.failure !== null) return;
  for (const loading of node.loading) {
    const group = addGroup(node, loading);
    if (loading.fault !== null) beginRebuild(node, group, 'SNAPSHOT_DAMAGED', loading.fault.detail);
  }
  node.loading = [];
  for (const { store } of node.groups) {
    if (store.settings !== null) node.ring ??= buildRing(store.settings.groupCount);
  }
  serve(node);
}

function serve(node: NodeState): void {
  advance(node, 'loaded');
  node.formation = formation.init({
    self: node.self!,
    ids: node.config.ids,
    nonce: node.nonce,
    announceMs: node.config.announceMs,
    isEmpty: isUnwritten(node),
  });
  noteSeat(node);
}
