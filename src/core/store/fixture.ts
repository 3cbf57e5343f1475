/**
 * For the tests of this folder: a store in small regions, entries and reads in one line, and a dump
 * of everything that replicas must agree on.
 */
import { concatBytes, getU32, toHex } from '../../base/bytes.ts';
import { asciiBytes } from '../../base/text.ts';
import type {
  ClusterId,
  GroupId,
  LogIndex,
  Millis,
  NodeId,
  StoreId,
  Term,
} from '../../base/units.ts';
import { encodeCommand } from '../command.ts';
import { ENTRY_KIND, type EntryKind, encodeEntry } from '../entry.ts';
import { encodeConfiguration } from '../members.ts';
import { DEFAULT_SETTINGS, encodeFormation } from '../settings.ts';
import { type Configuration, OPERATION, type Settings, type SnapshotMeta } from '../types.ts';
import { newRecordView, readRecord } from './record.ts';
import {
  clearStoreOut,
  newStoreOut,
  type ReadBatch,
  type StoreConfig,
  type StoreEvent,
  type StoreOut,
  type StoreState,
} from './state.ts';
import { store } from './step.ts';
import { TableWalk } from './walk.ts';

export const GROUP = 3;
export const CONFIGURATION: Configuration = {
  voters: [{ id: 1 as NodeId, store: '00112233445566778899aabbccddeeff' as StoreId }],
  outgoing: [],
  learners: [],
};

export const SETTINGS: Settings = {
  ...DEFAULT_SETTINGS,
  clusterId: 'c0c1c2c3c4c5c6c7c8c9cacbcccdcecf' as ClusterId,
  tableSeed: '0123456789abcdef',
};

const CONFIG: StoreConfig = {
  group: GROUP,
  allocate: (bytes) => new Uint8Array(bytes),
  scout: null,
  regionBytes: 64 * 1024,
  expiredPerEntryMax: 4,
  preimageBytesMax: 1024 * 1024,
};

export type Command = Parameters<typeof encodeCommand>[0];

export interface Row {
  readonly status: number;
  readonly revision: number;
  readonly value: string;
}

/** A replica with its outbox. Rows come back as values, text as Latin-1. */
export class Replica {
  readonly state: StoreState;
  readonly out: StoreOut = newStoreOut();

  constructor(config: Partial<StoreConfig> = {}) {
    this.state = store.init({ ...CONFIG, ...config });
  }

  /** A replica that has applied a formation with these settings. */
  static formed(settings: Partial<Settings> = {}, config: Partial<StoreConfig> = {}): Replica {
    const replica = new Replica(config);
    replica.apply(formationEntry({ ...SETTINGS, ...settings }));
    return replica;
  }

  step(event: StoreEvent): StoreOut {
    clearStoreOut(this.out);
    store.step(this.state, event, 0 as Millis, this.out);
    return this.out;
  }

  apply(entry: Uint8Array, reads: ReadBatch | null = null): Row[] {
    this.step({ kind: 'apply', entry, reads });
    return rowsOf(this.out.writes);
  }

  /** Applies an entry of these commands at log time `stamp`. */
  run(commands: readonly Command[], stamp = this.state.logTime): Row[] {
    return this.apply(commandsEntry(this.state.appliedIndex + 1, stamp, commands));
  }

  /** Applies an entry of one command. */
  one(command: Command, stamp = this.state.logTime): Row {
    return this.run([command], stamp)[0]!;
  }

  read(commands: readonly Command[], stampNow = 0): Row[] {
    this.step({ kind: 'read', batch: readBatch(commands), stampNow });
    return rowsOf(this.out.reads);
  }

  get(key: string): Row {
    return this.read([{ operation: OPERATION.GET, key: bytesOf(key) }])[0]!;
  }

  meta(): SnapshotMeta {
    const { appliedIndex, appliedTerm, configuration } = this.state;
    const group = GROUP as GroupId;
    return { group, index: appliedIndex, term: appliedTerm, configuration: configuration! };
  }

  /** A whole snapshot of the present state, in slices of `bytesMax`. */
  snapshot(bytesMax = 4096): Uint8Array {
    this.step({ kind: 'snapshot-begin', meta: this.meta() });
    return this.restOfSnapshot(bytesMax);
  }

  restOfSnapshot(bytesMax = 4096): Uint8Array {
    const parts: Uint8Array[] = [];
    do parts.push(this.step({ kind: 'snapshot-slice', bytesMax }).snapshot!);
    while (!this.out.snapshotDone);
    return concatBytes(parts);
  }

  /** Loads a snapshot in pieces of `piece` bytes. */
  load(bytes: Uint8Array, piece = bytes.length, rebuild = false): StoreOut {
    this.step({ kind: 'load-begin', rebuild });
    for (let at = 0; at < bytes.length; at += piece) {
      this.step({ kind: 'load', bytes: bytes.slice(at, at + piece) });
    }
    return this.step({ kind: 'load-end' });
  }

  /** A fresh replica restored from this one's snapshot. */
  restored(config: Partial<StoreConfig> = {}): Replica {
    const replica = new Replica(config);
    replica.load(this.snapshot());
    return replica;
  }
}

export const bytesOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
};

export const textOf = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

function rowsOf(lane: StoreOut['writes']): Row[] {
  return Array.from({ length: lane.count }, (_, row) => ({
    status: lane.status[row]!,
    revision: lane.revision[row]!,
    value: textOf(lane.value(row)),
  }));
}

export function entryOf(
  kind: EntryKind,
  index: number,
  stamp: number,
  body: Uint8Array,
): Uint8Array {
  const head = { kind, group: GROUP as GroupId, term: 1 as Term, index: index as LogIndex };
  return encodeEntry({ ...head, stamp, count: 0 }, body);
}

export function formationEntry(settings: Settings): Uint8Array {
  const body = encodeFormation({ settings, configuration: CONFIGURATION });
  return entryOf(ENTRY_KIND.FORMATION, 1, 0, body);
}

export function configurationEntry(index: number, stamp: number, next: Configuration): Uint8Array {
  return entryOf(ENTRY_KIND.CONFIGURATION, index, stamp, encodeConfiguration(next));
}

export function commandsEntry(
  index: number,
  stamp: number,
  commands: readonly Command[],
): Uint8Array {
  const body = concatBytes(commands.map(encodeCommand));
  const head = { kind: ENTRY_KIND.COMMANDS, group: GROUP as GroupId, term: 1 as Term, stamp };
  return encodeEntry({ ...head, index: index as LogIndex, count: commands.length }, body);
}

export function readBatch(
  commands: readonly Command[],
  ordinals: readonly number[] = commands.map(() => 0),
): ReadBatch {
  const bytes = concatBytes(commands.map(encodeCommand));
  const count = commands.length;
  return { bytes, used: bytes.length, count, ordinals: Uint32Array.from(ordinals) };
}

export const put = (key: string, value: string, more: Partial<Command> = {}): Command => ({
  operation: OPERATION.PUT,
  key: bytesOf(key),
  value: bytesOf(value),
  ...more,
});

export const keyed = (operation: number, key: string, more: Partial<Command> = {}): Command => ({
  operation,
  key: bytesOf(key),
  ...more,
});

export function scanCommand(cursor: Cursor, count: number): Command {
  const value = new Uint8Array(12);
  new DataView(value.buffer).setUint32(0, cursor.low, true);
  new DataView(value.buffer).setUint32(4, cursor.high, true);
  new DataView(value.buffer).setUint32(8, count, true);
  return { operation: OPERATION.SCAN, value };
}

export interface Cursor {
  readonly low: number;
  readonly high: number;
}

export function scanned(row: Row): { readonly next: Cursor; readonly keys: string[] } {
  const bytes = bytesOf(row.value);
  const keys: string[] = [];
  for (let at = 16; at < bytes.length; ) {
    const end = at + 4 + getU32(bytes, at);
    keys.push(row.value.slice(at + 4, end));
    at = end;
  }
  return { next: { low: getU32(bytes, 0), high: getU32(bytes, 4) }, keys };
}

/** Everything replicas must agree on, as lines, in the order of iteration. */
export function dump(state: StoreState): string[] {
  const lines = [
    `index ${state.appliedIndex} term ${state.appliedTerm} time ${state.logTime}`,
    `revision ${state.revision} chain ${state.chainHigh} ${state.chainLow}`,
    `keys ${state.table.keys} logical ${state.table.logicalBytes}`,
    `settings ${JSON.stringify(state.settings)} ${JSON.stringify(state.configuration)}`,
  ];
  const record = newRecordView();
  const walk = new TableWalk(state.table);
  for (walk.seek(0, 0); walk.address !== 0; walk.next()) {
    readRecord(state.slab.bytesAt(walk.address), state.slab.offsetAt(walk.address), record);
    const { bytes, keyAt, valueAt, valueBytes, revision, deadline } = record;
    const key = toHex(bytes.subarray(keyAt, valueAt));
    const value = toHex(bytes.subarray(valueAt, valueAt + valueBytes));
    lines.push(`record ${key} = ${value} @${revision} until ${deadline}`);
  }
  lines.push(`sessions used ${state.sessions.useCount} bytes ${state.sessions.resultBytes}`);
  for (const { id, floor, lastUse, lastUsedTime, results } of state.sessions.all()) {
    const kept = results.sequences(floor).map((sequence) => {
      const value = results.valueOf(sequence);
      const text = value === null ? 'dropped' : toHex(value);
      return `${sequence}:${results.statusOf(sequence)}@${results.revisionOf(sequence)}=${text}`;
    });
    lines.push(
      `session ${id} floor ${floor} use ${lastUse} at ${lastUsedTime} [${kept.join(' ')}]`,
    );
  }
  return lines;
}

export const digits = (value: number | bigint): Uint8Array => asciiBytes(`${value}`);
