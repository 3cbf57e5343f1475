/**
 * Repair: a damaged log is made whole without a leader.
 *
 *   recovered: damaged, missing [...] ─▶ repair(entries) … ─▶ healing ─▶ repaired
 *
 * 1. Headers say what is missing; bytes with the same header and the right body are what was
 *    there, whichever peer they come from.
 * 2. Then all that lives in the damaged segments and those before is copied forward into a segment
 *    behind them, and a mark calls them dead. Until that mark is durable a crash finds the same
 *    damage again, with less missing.
 * 3. What cannot be named cannot be asked for: such a store is formatted anew (the caller's deed).
 */
import type { GroupId } from '../../base/units.ts';
import { isEntryBodyIntact, readEntryHeader } from '../entry.ts';
import type { MissingEntry } from '../types.ts';
import { listCopies } from './copy-forward.ts';
import { isSameEntry, placeEntry } from './ledger.ts';
import { recoveredGroups } from './recovery-end.ts';
import type { WalOut, WalState } from './state.ts';

/** Takes in entries from a peer; when none is missing any more, starts to write the log anew. */
export function repair(state: WalState, entries: readonly Uint8Array[]): void {
  const { damage } = state;
  if (state.phase !== 'damaged' || damage === null || !damage.isRepairable) return;
  for (const bytes of entries) supply(state, bytes);
  const missing = damage.missing.filter((entry) => isStillMissing(state, entry));
  state.damage = { ...damage, missing };
  if (missing.length > 0) return;
  state.phase = 'healing';
  listCopies(state, state.damagedThrough);
}

function supply(state: WalState, bytes: Uint8Array): void {
  const header = readEntryHeader(bytes, 0, bytes.length);
  if (header === null || !isEntryBodyIntact(bytes, 0, bytes.length, header)) return;
  const row = state.ledger.groups.get(header.group as GroupId);
  const entry = row?.entries.get(header.index);
  if (row === undefined || entry === undefined || entry.intact) return;
  if (isSameEntry(entry.bytes, bytes))
    placeEntry(row, header.index, { ...entry, bytes, intact: true });
}

function isStillMissing(state: WalState, missing: MissingEntry): boolean {
  return state.ledger.groups.get(missing.group)?.entries.get(missing.index)?.intact === false;
}

/** What a peer misses, if this log holds it: also while it is damaged itself. Null: it does not. */
export function heldEntry(state: WalState, wanted: MissingEntry): Uint8Array | null {
  const entry = state.ledger.groups.get(wanted.group)?.entries.get(wanted.index);
  if (state.recovery !== null || entry === undefined || !entry.intact) return null;
  const header = readEntryHeader(entry.bytes, 0, entry.bytes.length);
  const isIt = header?.term === wanted.term && header.bodyCrc === wanted.bodyCrc;
  return isIt ? entry.bytes : null;
}

/** The log is whole once a durable header calls everything damaged dead. */
export function finishRepair(state: WalState, out: WalOut): void {
  if (state.phase !== 'healing' || state.claimedFirstLive <= state.damagedThrough) return;
  state.phase = 'ready';
  state.damage = null;
  state.damagedThrough = 0;
  state.ledger.hasUnknownLoss = false;
  out.repaired = recoveredGroups(state);
}
