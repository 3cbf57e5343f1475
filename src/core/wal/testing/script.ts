/** A caller of the log that does only what Raft may do, driven by a random stream. */
import { nextBelow, nextBetween, nextChance, type Prng } from '../../../base/prng.ts';
import type { WalRecord } from '../../types.ts';
import type { Bench } from './bench.ts';
import { entry, hardState, snapshot, truncate } from './bench.ts';
import type { CrashChoice } from './crash-disk.ts';

interface Caller {
  term: number;
  /** The term a vote was given in. */
  votedTerm: number;
  lastIndex: number;
  snapshotIndex: number;
}

/** What a caller knows of each group from what it appended so far. */
function callerOf(bench: Bench, group: number): Caller {
  const caller: Caller = { term: 0, votedTerm: 0, lastIndex: 0, snapshotIndex: 0 };
  for (const { record } of bench.appended) {
    if (record.group !== group) continue;
    if (record.kind === 'entry') caller.lastIndex = record.index;
    if (record.kind === 'truncate') caller.lastIndex = record.from - 1;
    if (record.kind === 'hard-state') {
      caller.term = record.hardState.term;
      if (record.hardState.votedFor !== null) caller.votedTerm = caller.term;
    }
    if (record.kind === 'snapshot') {
      caller.snapshotIndex = record.index;
      caller.lastIndex = Math.max(caller.lastIndex, record.index);
    }
  }
  return caller;
}

/** One or more records that a correct caller could append now. */
export function nextRecords(bench: Bench, prng: Prng, groups: number): WalRecord[] {
  const group = nextBelow(prng, groups);
  const caller = callerOf(bench, group);
  const what = nextBelow(prng, 20);
  if (what < 2) return [hardState(group, caller.term + 1, nextChance(prng, 1, 2) ? 3 : null)];
  if (what === 2 && caller.votedTerm < caller.term) return [hardState(group, caller.term, 2)];
  if (what < 5 && caller.lastIndex > caller.snapshotIndex) {
    const from = nextBetween(prng, caller.snapshotIndex + 1, caller.lastIndex);
    const records = [truncate(group, from, caller.term)];
    if (nextChance(prng, 1, 2)) records.push(entry(group, from, caller.term + 1, 16));
    return records;
  }
  if (what < 8 && caller.lastIndex > caller.snapshotIndex) {
    const index = nextBetween(prng, caller.snapshotIndex + 1, caller.lastIndex);
    return [snapshot(group, index, caller.term)];
  }
  if (what === 8) return [snapshot(group, caller.lastIndex + 10, caller.term)];
  const count = nextBetween(prng, 1, 3);
  const bytes = 8 * nextBetween(prng, 0, nextChance(prng, 1, 8) ? 900 : 60);
  return Array.from({ length: count }, (_, at) =>
    entry(group, caller.lastIndex + 1 + at, caller.term, bytes),
  );
}

/** Releases what the newest mark of some group stands for. */
export function releaseSome(bench: Bench, prng: Prng, groups: number): void {
  const group = nextBelow(prng, groups);
  bench.release(group, callerOf(bench, group).snapshotIndex);
}

/** A crash that decides each sector by itself. */
export function randomCrash(prng: Prng): CrashChoice {
  const isHarsh = nextChance(prng, 1, 2);
  return {
    sector: (versions) =>
      isHarsh ? nextBelow(prng, versions + 2) - 1 : nextBelow(prng, versions + 1),
    name: () => nextChance(prng, 1, 2),
  };
}
