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
import { answer, refuse } from './owners.ts';
import { runSafeReads, sortReads } from './reads.ts';
import { obeySettings } from './settings.ts';
import type { NodeState } from './state.ts';

export function applyCommitted(node: NodeState): void {
  for (const group of node.groups) {
    sortReads(node, group);
    while (group.store.appliedIndex < group.applyThrough) applyNext(node, group);
    runSafeReads(node, group);
  }
}

function applyNext(node: NodeState, group: Group): void {
  runSafeReads(node, group);
  const index = logIndex(group.store.appliedIndex + 1);
  const entry = entryAt(group.raft.log, index);
  const settings = group.store.settings;
  const waiting = takeWaiting(group, index);
  const isOurs = waiting !== null && waiting.term === entryTerm(entry);
  if (isOurs) applyOurs(node, group, entry, waiting);
  else {
    store.step(group.store, { kind: 'apply', entry, reads: null }, node.now, node.storeOut);
    if (waiting !== null) refuseWaiting(node, waiting);
  }
  if (group.store.settings !== settings) obeySettings(node, group, group.store.settings!);
}

function takeWaiting(group: Group, index: number): WaitingEntry | null {
  return group.waiting[0]?.index === index ? group.waiting.shift()! : null;
}

function applyOurs(node: NodeState, group: Group, entry: Uint8Array, waiting: WaitingEntry): void {
  const { writes, reads } = node.storeOut;
  const firstWrite = writes.count;
  const firstRead = reads.count;
  const batch = waiting.reads?.batch ?? null;
  store.step(group.store, { kind: 'apply', entry, reads: batch }, node.now, node.storeOut);
  for (let row = 0; row < waiting.writes.count; row++) {
    answer(node, waiting.writes, row, { lane: writes, at: firstWrite + row });
  }
  if (waiting.reads === null) return;
  for (let row = 0; row < waiting.reads.rows.count; row++) {
    answer(node, waiting.reads.rows, row, { lane: reads, at: firstRead + row });
  }
}

function refuseWaiting(node: NodeState, waiting: WaitingEntry): void {
  refuse(node, waiting.writes, 'UNAVAILABLE');
  if (waiting.reads !== null) refuse(node, waiting.reads.rows, 'UNAVAILABLE');
}
