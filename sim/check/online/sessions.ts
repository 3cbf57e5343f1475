/**
 * What came of every command of a session, gathered from whichever replica applies an index first:
 * the input of the judgement of sessions (../sessions.ts) at the end of a run.
 *
 * 1. A turn's outcomes stand in the lane of the store, in the order in which groups and entries were
 *    applied. A turn in which a state came out of a snapshot does not add up, and is left to others.
 * 2. What replicas make of one index is the same (content.ts), so one of them is enough. Where no
 *    replica could be watched at an index the group is not judged.
 */
import { crc32c } from '../../../src/base/crc32c.ts';
import type { GroupId, LogIndex } from '../../../src/base/units.ts';
import { COMMAND_FLAG, newCommandView, readCommand } from '../../../src/core/command.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND, readEntryHeader } from '../../../src/core/entry.ts';
import { entryAt } from '../../../src/core/raft/log.ts';
import type { ResultLane } from '../../../src/core/results.ts';
import { OPERATION } from '../../../src/core/types.ts';
import type { Group } from '../../../src/node/group.ts';
import type { NodeState } from '../../../src/node/state.ts';
import { checkSessions, type SessionOutcome } from '../sessions.ts';

export class SessionCheck {
  /** By group: what came of each index; empty where no session was used. */
  readonly #outcomes = new Map<GroupId, Map<number, readonly SessionOutcome[]>>();
  /** How far a running state was watched. */
  readonly #watched = new WeakMap<Group['raft'], number>();
  readonly #command = newCommandView();

  afterTurn({ groups, storeOut }: NodeState): void {
    const lane = storeOut.writes;
    if (this.#rowsOf(groups) === lane.count) this.#takeAll(groups, lane);
    for (const { raft, store } of groups) this.#watched.set(raft, store.appliedIndex);
  }

  /** The commands of all entries that were applied since the last look; -1: nobody can tell. */
  #rowsOf(groups: readonly Group[]): number {
    let rows = 0;
    for (const { raft, store } of groups) {
      const from = this.#watched.get(raft) ?? -1;
      if (from === store.appliedIndex) continue;
      if (from < raft.log.baseIndex) return -1;
      for (let at = from + 1; at <= store.appliedIndex; at++) {
        rows += commandsIn(entryAt(raft.log, at as LogIndex));
      }
    }
    return rows;
  }

  #takeAll(groups: readonly Group[], lane: ResultLane): void {
    let row = 0;
    for (const { id, raft, store } of groups) {
      const known = this.#known(id);
      for (let at = this.#watched.get(raft)! + 1; at <= store.appliedIndex; at++) {
        const entry = entryAt(raft.log, at as LogIndex);
        const end = row + commandsIn(entry);
        const isWhole = !known.has(at) && !hasShort(lane, row, end);
        if (isWhole) known.set(at, this.#outcomesOf(id, entry, lane, row));
        row = end;
      }
    }
  }

  #known(group: GroupId): Map<number, readonly SessionOutcome[]> {
    let known = this.#outcomes.get(group);
    if (known === undefined) {
      known = new Map();
      this.#outcomes.set(group, known);
    }
    return known;
  }

  #outcomesOf(
    group: GroupId,
    entry: Uint8Array,
    lane: ResultLane,
    first: number,
  ): readonly SessionOutcome[] {
    const outcomes: SessionOutcome[] = [];
    let at = ENTRY_HEADER_BYTES;
    for (let ordinal = 0; ordinal < commandsIn(entry); ordinal++) {
      if (!readCommand(entry, at, entry.length, this.#command)) break;
      at += this.#command.size;
      const outcome = this.#outcome(group, lane, first + ordinal);
      if (outcome !== null) outcomes.push(outcome);
    }
    return outcomes;
  }

  #outcome(group: GroupId, lane: ResultLane, row: number): SessionOutcome | null {
    const { operation, flags, session, sequence, lowestUnacknowledged } = this.#command;
    const isUsed = (flags & COMMAND_FLAG.SESSION) !== 0;
    if (!isUsed && operation !== OPERATION.OPEN_SESSION) return null;
    const value = lane.value(row);
    const text = `${value.length}:${crc32c(value, 0, value.length)}`;
    return {
      group,
      operation,
      session: isUsed ? session : 0,
      sequence,
      lowestUnacknowledged,
      status: lane.status[row]!,
      revision: lane.revision[row]!,
      value: value.length === 0 ? null : text,
    };
  }

  /** At the end of a run. */
  judge(): void {
    for (const known of this.#outcomes.values()) {
      const indices = [...known.keys()].sort((left, right) => left - right);
      const isWhole = indices.every((index, at) => at === 0 || index === indices[at - 1]! + 1);
      if (!isWhole || indices[0]! > 2) continue;
      checkSessions(
        indices.flatMap((index) => known.get(index)!),
        [],
      );
    }
  }
}

/** Whether a value found no room in the lane: then what came of that entry is not known. */
function hasShort(lane: ResultLane, from: number, end: number): boolean {
  for (let row = from; row < end; row++) if (lane.isShort(row)) return true;
  return false;
}

function commandsIn(entry: Uint8Array): number {
  const header = readEntryHeader(entry, 0, entry.length);
  return header?.kind === ENTRY_KIND.COMMANDS ? header.count : 0;
}
