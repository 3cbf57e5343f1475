/** Members, entries and limits that the tests of Raft share. */
import { decodeUtf8, encodeUtf8 } from '../../../base/text.ts';
import type { GroupId, LogIndex, NodeId, StoreId, Term } from '../../../base/units.ts';
import { encodeCommand, newCommandView, readCommand } from '../../command.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND, encodeEntry, entryKind } from '../../entry.ts';
import { type Configuration, type Member, OPERATION } from '../../types.ts';
import type { RaftConfig } from '../state.ts';

export const BASE_INDEX = 2;
export const ELECTION_TIMEOUT_MS = 100;
export const HEARTBEAT_MS = 20;
export const TICK_MS = 10;

export const NO_CONFIGURATION: Configuration = { voters: [], outgoing: [], learners: [] };

export function storeOf(id: number, life: number): StoreId {
  const name = id.toString(16).padStart(2, '0') + life.toString(16).padStart(2, '0');
  return name.padEnd(32, '0') as StoreId;
}

export const memberOf = (id: number, life = 1): Member => ({
  id: id as NodeId,
  store: storeOf(id, life),
});

/** Room for a header, and a command that says `text`. */
export function commandBytes(text: string): Uint8Array {
  const body = encodeCommand({ operation: OPERATION.PUT, key: encodeUtf8(text) });
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES + body.length);
  bytes.set(body, ENTRY_HEADER_BYTES);
  return bytes;
}

export function textOf(entry: Uint8Array): string {
  const view = newCommandView();
  if (entryKind(entry) !== ENTRY_KIND.COMMANDS || entry.length === ENTRY_HEADER_BYTES) return '';
  if (!readCommand(entry, ENTRY_HEADER_BYTES, entry.length, view)) return '?';
  return decodeUtf8(entry.subarray(view.keyAt, view.keyAt + view.keyBytes)) ?? '?';
}

/** An entry of a log that is given to a machine ready-made. */
export function madeEntry(index: number, term: number): Uint8Array {
  const head = { kind: ENTRY_KIND.COMMANDS, group: 0 as GroupId, stamp: 0, count: 0 };
  return encodeEntry({ ...head, index: index as LogIndex, term: term as Term }, new Uint8Array(0));
}

export const DEFAULTS: Omit<
  RaftConfig,
  | 'self'
  | 'seed'
  | 'hardState'
  | 'snapshotIndex'
  | 'snapshotTerm'
  | 'snapshotStamp'
  | 'configuration'
  | 'entries'
> = {
  group: 0 as GroupId,
  electionTimeoutMs: ELECTION_TIMEOUT_MS,
  heartbeatMs: HEARTBEAT_MS,
  appendBytesMax: 4096,
  appendEntriesMax: 8,
  inflightBytesMax: 16_384,
  inflightEntriesMax: 32,
  uncommittedBytesMax: 1 << 20,
  readsMax: 64,
  trailingEntries: 0,
  trailingBytesMax: 1_000_000,
  clockSkewMsMax: 500,
  durability: 'durable',
};
