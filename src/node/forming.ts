/**
 * Founding a cluster, or joining the one that names us.
 *
 * The cluster's id is written to the identity first: a store accepts one cluster for life.
 */
import { putU32, toHex } from '../base/bytes.ts';
import type { ClusterId, GroupId } from '../base/units.ts';
import { ENTRY_HEADER_BYTES } from '../core/entry.ts';
import { encodeStatus, STATUS_TYPE } from '../core/formation/codec.ts';
import type { FormationEvent } from '../core/formation/state.ts';
import { formation } from '../core/formation/step.ts';
import { allMembers, includesMember } from '../core/members.ts';
import { CHANNEL } from '../core/protocol/peer-frame.ts';
import { lastIndex } from '../core/raft/log.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import { encodeFormation } from '../core/settings.ts';
import type { Configuration, Member, Settings } from '../core/types.ts';
import { stepRaft } from './drain.ts';
import { startGossip } from './gossip.ts';
import { ensureGroup } from './groups.ts';
import { stepIdentity } from './identify.ts';
import { ANY_STORE } from './peers.ts';
import { noteSeekers } from './replacement.ts';
import type { NodeState } from './state.ts';

export function stepFormation(node: NodeState, event: FormationEvent): void {
  const out = node.formationOut;
  out.clear();
  const state = node.formation!;
  if (state.isEmpty && !isUnwritten(node)) {
    formation.step(state, { kind: 'filled' }, node.now, out);
  }
  formation.step(state, event, node.now, out);
  for (const { to, status } of out.statuses) {
    const head = { channel: CHANNEL.FORMATION, type: STATUS_TYPE, group: 0 };
    node.peers!.send({ id: to, store: ANY_STORE }, head, [encodeStatus(status)]);
  }
  noteSeekers(node, out.seekers);
  if (out.form.length > 0 && node.forming.length === 0) found(node, out.form);
}

/** Whether nothing of a cluster's history is here: no entry, no term. */
export function isUnwritten(node: NodeState): boolean {
  return node.groups.every(({ raft }) => lastIndex(raft.log) === 0 && raft.currentTerm === 0);
}

/**
 * Every peer is empty and has our list, and we are the lowest: write down a new cluster's id. A
 * founder that died between its id and entry 1 goes on under the id it has.
 */
function found(node: NodeState, members: readonly Member[]): void {
  node.forming = members;
  if (node.cluster !== null) {
    writeFormation(node, node.cluster, members);
    return;
  }
  stepIdentity(node, { kind: 'adopt', clusterId: randomHex(node, 4) as ClusterId });
}

export function randomHex(node: NodeState, words: number): string {
  const bytes = new Uint8Array(words * 4);
  for (let word = 0; word < words; word++) putU32(bytes, word * 4, node.ports.entropy.word());
  return toHex(bytes);
}

/** A frame for our very store names a cluster, and we have none. */
export function joinCluster(node: NodeState, cluster: ClusterId): void {
  if (node.forming.length === 0) stepIdentity(node, { kind: 'adopt', clusterId: cluster });
}

/** Once the identity holds a cluster's id, frames name it; a founder writes entry 1. */
export function continueForming(node: NodeState): void {
  const cluster = node.known?.clusterId ?? null;
  if (node.phase !== 'serving' || cluster === null || cluster === node.cluster) return;
  node.cluster = cluster;
  node.peers!.joinCluster(cluster);
  startGossip(node, cluster);
  if (node.forming.length > 0) writeFormation(node, cluster, node.forming);
}

function writeFormation(node: NodeState, clusterId: ClusterId, voters: readonly Member[]): void {
  const configuration: Configuration = { voters, outgoing: [], learners: [] };
  const tableSeed = randomHex(node, 2);
  const settings: Settings = { ...node.config.settings, clusterId, tableSeed };
  for (let id = 0; id < settings.groupCount; id++) {
    const group = ensureGroup(node, id as GroupId);
    const body = encodeFormation({ settings, configuration });
    const bytes = new Uint8Array(ENTRY_HEADER_BYTES + body.length);
    bytes.set(body, ENTRY_HEADER_BYTES);
    stepRaft(node, group, { kind: 'form', configuration, bytes });
  }
}

/** Whether every group's configuration, as far as we know them, names our store. Once a sweep. */
export function noteSeat(node: NodeState): void {
  const isSeated = hasSeats(node);
  if (isSeated === node.formation!.isSeeking) stepFormation(node, { kind: 'seat', isSeated });
}

function hasSeats(node: NodeState): boolean {
  const settings = node.groups.find(({ store }) => store.settings !== null)?.store.settings ?? null;
  if (settings === null || node.groups.length < settings.groupCount) return false;
  return node.groups.every(({ raft }) =>
    includesMember(allMembers(currentConfiguration(raft)), node.self!),
  );
}
