/**
 * Committed entries change the store, in order; their askers are answered.
 *
 * Before each entry the confirmed reads that must not see it are evaluated. An entry at an awaited
 * index with another term is another leader's: what was proposed there was not and will not be
 * applied.
 */
import { logIndex } from '../base/units.ts';
import { entryTerm } from '../core/entry.ts';
import { entryAt } from '../core/raft/log.ts';
import { store } from '../core/store/step.ts';
import type { Group, WaitingEntry } from './group.ts';
import { noteApplied } from './hashes.ts';
import { answerAll, refuse } from './owners.ts';
import { runSafeReads, sortReads } from './reads.ts';
import { obeySettings } from './settings.ts';
import { notePart, noteStage, readStopwatch } from './stages.ts';
import type { NodeState } from './state.ts';

export function applyCommitted(node: NodeState): void {
  for (const group of node.groups) {
    sortReads(node, group);
    if (group.rebuild !== null) continue;
    if (group.store.appliedIndex < group.applyThrough) applyAll(node, group);
    if (group.rebuild !== null) continue;
    runSafeReads(node, group);
  }
}

function applyAll(node: NodeState, group: Group): void {
  const since = readStopwatch(node);
  while (group.store.appliedIndex < group.applyThrough) {
    applyNext(node, group);
    noteApplied(node, group);
    if (group.rebuild !== null) break;
  }
  notePart(node, 'apply', since);
}

function applyNext(node: NodeState, group: Group): void {
  runSafeReads(node, group);
  const index = logIndex(group.store.appliedIndex + 1);
  const entry = entryAt(group.raft.log, index);
  const settings = group.store.settings;
  const waiting = takeWaiting(group, index);
  const ours = waiting.find(({ term }) => term === entryTerm(entry)) ?? null;
  if (ours !== null) applyOurs(node, group, entry, ours);
  else store.step(group.store, { kind: 'apply', entry, reads: null }, node.now, node.storeOut);
  for (const other of waiting) if (other !== ours) refuseWaiting(node, other);
  if (group.store.settings !== settings) obeySettings(node, group, group.store.settings!);
}

const NOBODY_WAITS: readonly WaitingEntry[] = [];

/**
 * Whoever waits for `index`. There may be several: what was proposed there in an older term, lost
 * with our office, and what we proposed there when we led again. Only now that an entry is
 * committed at the index is it certain which of them never will be.
 */
function takeWaiting(group: Group, index: number): readonly WaitingEntry[] {
  const { waiting } = group;
  if (waiting.length === 0) return NOBODY_WAITS;
  if (!group.isWaitingMixed) return waiting[0]!.index === index ? [waiting.shift()!] : NOBODY_WAITS;
  group.waiting = waiting.filter((entry) => entry.index !== index);
  group.isWaitingMixed = group.waiting.length > 0;
  return waiting.filter((entry) => entry.index === index);
}

function applyOurs(node: NodeState, group: Group, entry: Uint8Array, waiting: WaitingEntry): void {
  noteStage(node, 'replicate', waiting.proposedAt);
  const { writes, reads } = node.storeOut;
  const firstWrite = writes.count;
  const firstRead = reads.count;
  const batch = waiting.reads?.batch ?? null;
  store.step(group.store, { kind: 'apply', entry, reads: batch }, node.now, node.storeOut);
  answerAll(node, waiting.writes, writes, firstWrite);
  group.writes.giveBack(waiting.writes);
  if (waiting.reads === null) return;
  answerAll(node, waiting.reads.rows, reads, firstRead);
  group.reads.giveBack(waiting.reads);
}

function refuseWaiting(node: NodeState, waiting: WaitingEntry): void {
  node.counters.proposalsFailed.lost++;
  refuse(node, waiting.writes, 'UNAVAILABLE');
  if (waiting.reads !== null) refuse(node, waiting.reads.rows, 'UNAVAILABLE');
}
