/**
 * Whose votes would do: what the quorums of all logs together may never allow, whether or not
 * anybody makes use of it.
 *
 * 1. election-safety: a node decides by the newest configuration in its log, committed or not, from
 *    its append to its truncation (thesis §4.1). Who counts by another may decide beside the others.
 * 2. leader-completeness: when an entry is committed, nobody without it can be elected: among those
 *    whose logs are not better than its own, no such log has a quorum of its own configuration.
 *
 * The second looks at logs as memory has them: what crashes do to them is the disks' business
 * (commits.ts). A store that lost its state may have read its configuration from what was lost.
 */
import type { LogIndex } from '../../../src/base/units.ts';
import { entryTerm } from '../../../src/core/entry.ts';
import { entryAt, lastIndex, lastTerm, termAt } from '../../../src/core/raft/log.ts';
import { currentConfiguration, type RaftState } from '../../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../../src/core/types.ts';
import { isQuorum } from './quorum.ts';
import { configurationInForce, nameOf, type Scene, type StoreRecord } from './records.ts';
import { violate } from './violate.ts';

/** To be called when the record shows the log as it is. */
export function checkInForce({ store, raft }: Scene): void {
  const believed = currentConfiguration(raft);
  const found = configurationInForce(store);
  const { looked } = store;
  if (looked.believed === believed && looked.inForce === found) return;
  looked.believed = believed;
  looked.inForce = found;
  if (found === null || raft.isQuarantined || isAlike(believed, found)) return;
  const self = `node ${raft.config.self.id}`;
  violate('election-safety', `${self} decides by other voters than its log names`);
}

const isAlike = (left: Configuration, right: Configuration): boolean =>
  areSame(left.voters, right.voters) && areSame(left.outgoing, right.outgoing);

function areSame(left: readonly Member[], right: readonly Member[]): boolean {
  const names = new Set(right.map(nameOf));
  return left.length === right.length && left.every((member) => names.has(nameOf(member)));
}

/** To be called when a commit is first seen. */
export function checkElectable({ stores, raft }: Scene): void {
  const { commitIndex: index } = raft;
  const term = entryTerm(entryAt(raft.log, index));
  for (const record of stores.values()) {
    if (record.raft === null || hasEntry(record.raft, index, term)) continue;
    if (!isElectable(record, record.raft, stores)) continue;
    const { id } = record.raft.config.self;
    violate('leader-completeness', `${index} is committed, and node ${id} could lead without it`);
  }
}

const hasEntry = ({ log }: RaftState, index: LogIndex, term: number): boolean =>
  index <= log.baseIndex || termAt(log, index) === term;

function isElectable(
  record: StoreRecord,
  raft: RaftState,
  stores: ReadonlyMap<string, StoreRecord>,
): boolean {
  const configuration = configurationInForce(record);
  if (configuration === null || raft.isQuarantined) return false;
  const index = lastIndex(raft.log);
  const term = lastTerm(raft.log);
  return isQuorum(configuration, (voter) => {
    const other = stores.get(nameOf(voter))?.raft ?? null;
    if (other === null) return false;
    const otherTerm = lastTerm(other.log);
    return otherTerm < term || (otherTerm === term && lastIndex(other.log) <= index);
  });
}
