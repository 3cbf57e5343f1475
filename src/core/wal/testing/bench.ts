/**
 * A log on a crash disk, with an oracle: what was appended, and what was said to be durable.
 *
 * After any crash the log must give back the state after some prefix of the records appended, one
 * that holds everything reported durable; nothing else.
 */
import { assert } from '../../../base/assert.ts';
import { toHex } from '../../../base/bytes.ts';
import type { GroupId, LogIndex, StoreId, Term } from '../../../base/units.ts';
import { groupId, logIndex, millis, term, ticket } from '../../../base/units.ts';
import { ENTRY_KIND, encodeEntry } from '../../entry.ts';
import type { RecoveredGroup, WalRecord } from '../../types.ts';
import type { WalConfig, WalEvent, WalOut, WalRecovery, WalState } from '../state.ts';
import { clearWalOut, defaultWalConfig, newWalOut } from '../state.ts';
import { wal } from '../step.ts';
import type { CrashChoice } from './crash-disk.ts';
import { CrashDisk } from './crash-disk.ts';

export const STORE = '00112233445566778899aabbccddeeff' as StoreId;

export function tinyConfig(changes: Partial<WalConfig> = {}): WalConfig {
  return { ...defaultWalConfig(STORE), segmentBytes: 16384, readBytesMax: 4096, ...changes };
}

export function entry(group: number, index: number, atTerm: number, bytes = 8): WalRecord {
  const head = {
    kind: ENTRY_KIND.COMMANDS,
    group: groupId(group),
    term: term(atTerm),
    index: logIndex(index),
    stamp: 0,
    count: 1,
  };
  const body = new Uint8Array(bytes).fill((index * 31 + atTerm * 7 + 1) & 0xff);
  return {
    kind: 'entry',
    group: head.group,
    index: head.index,
    term: head.term,
    bytes: encodeEntry(head, body),
  };
}

export function hardState(group: number, atTerm: number, vote: number | null = null): WalRecord {
  const votedFor = vote === null ? null : { id: vote as never, store: STORE };
  return { kind: 'hard-state', group: groupId(group), hardState: { term: term(atTerm), votedFor } };
}

export function truncate(group: number, from: number, atTerm: number): WalRecord {
  return { kind: 'truncate', group: groupId(group), from: logIndex(from), term: term(atTerm) };
}

export function snapshot(group: number, index: number, atTerm: number): WalRecord {
  return { kind: 'snapshot', group: groupId(group), index: logIndex(index), term: term(atTerm) };
}

/** One appended record and whether it completes its ticket. */
interface Appended {
  readonly record: WalRecord;
  readonly ticket: number;
}

export class Bench {
  disk = new CrashDisk();
  config: WalConfig;
  state: WalState;
  now = 0;
  readonly out: WalOut = newWalOut();
  recovered: WalRecovery | null = null;
  repaired: readonly RecoveredGroup[] | null = null;
  failed = false;
  appended: Appended[] = [];
  /** Highest ticket reported durable. */
  durable = 0;
  nextTicket = 1;

  constructor(config: WalConfig, disk = new CrashDisk()) {
    this.config = config;
    this.disk = disk;
    this.state = wal.init(config);
  }

  step(event: WalEvent): void {
    clearWalOut(this.out);
    wal.step(this.state, event, millis(this.now), this.out);
    wal.check(this.state);
    for (const submission of this.out.submissions) this.disk.submit(submission);
    if (this.out.recovered !== null) this.recovered = this.out.recovered;
    if (this.out.repaired !== null) this.repaired = this.out.repaired;
    if (this.out.failed !== null) this.failed = true;
    if (this.out.durable > 0) this.durable = this.out.durable;
  }

  open(): this {
    this.step({ kind: 'open' });
    return this.settle();
  }

  complete(at = 0): void {
    this.step({ kind: 'disk', completion: this.disk.complete(at) });
  }

  /** Completes the n-th write in flight. */
  completeWrite(nth = 0): void {
    const writes = this.disk.inFlight.filter((it) => it.submission.operation.kind === 'write');
    this.complete(this.disk.inFlight.indexOf(writes[nth]!));
  }

  /** Completes everything in flight, in order, until nothing is. */
  settle(): this {
    for (let turn = 0; this.disk.inFlight.length > 0; turn++) {
      assert(turn < 10_000, 'liveness', 'the log never falls silent');
      this.complete();
    }
    return this;
  }

  /** Lets time pass until nothing more is wanted. */
  rest(): this {
    this.settle();
    for (let turn = 0; wal.deadline(this.state) !== Number.POSITIVE_INFINITY; turn++) {
      assert(turn < 100, 'liveness', 'the log never falls silent');
      this.now = Math.max(this.now, wal.deadline(this.state));
      this.step({ kind: 'tick' });
      this.settle();
    }
    return this;
  }

  append(...records: WalRecord[]): number {
    const number = this.nextTicket++;
    for (const record of records) this.appended.push({ record, ticket: number });
    this.step({ kind: 'append', ticket: ticket(number), records });
    return number;
  }

  release(group: number, index: number): void {
    this.step({ kind: 'release', group: groupId(group), index: logIndex(index) });
  }

  /** Crashes, opens the log again with a new machine, and judges what came back. */
  reopen(choice: CrashChoice): this {
    this.disk.crash(choice);
    this.restart();
    this.judge();
    return this;
  }

  restart(): void {
    this.state = wal.init(this.config);
    this.recovered = null;
    this.repaired = null;
    this.failed = false;
    this.open();
  }

  /** The process died, not the machine: the cache may hold what no disk does. */
  reopenProcess(): this {
    this.disk.dieProcess();
    this.restart();
    this.judge();
    return this;
  }

  /** Finds the prefix that came back; from here on it counts as durable. */
  judge(): void {
    assert(this.recovered !== null, 'availability', 'the log did not open');
    assert(this.recovered.verdict !== 'damaged', 'availability', 'called damaged after a crash');
    const found = describe(this.recovered.groups);
    for (let length = this.durableLength(); length <= this.appended.length; length++) {
      const expected = replayModel(this.appended.slice(0, length).map((it) => it.record));
      if (describe(expected) !== found) continue;
      this.appended = this.appended.slice(0, length);
      this.durable = this.nextTicket - 1;
      return;
    }
    const wanted = describe(replayModel(this.appended.map((it) => it.record)));
    assert(false, 'durable-quorum', `recovered\n${found}\nappended\n${wanted}`);
  }

  /** The same log at this moment, on a disk of its own, to be crashed. */
  fork(): Bench {
    const copy = new Bench(this.config, this.disk.clone());
    copy.appended = [...this.appended];
    copy.durable = this.durable;
    copy.nextTicket = this.nextTicket;
    return copy;
  }

  /** How many of the records appended must survive a power cut. */
  durableLength(): number {
    if (this.config.durability === 'unsafe') {
      const isSynced = (it: Appended): boolean =>
        it.ticket <= this.durable && it.record.kind !== 'entry';
      return this.appended.findLastIndex(isSynced) + 1;
    }
    const open = this.appended.findIndex((it) => it.ticket > this.durable);
    return open < 0 ? this.appended.length : open;
  }
}

interface ModelGroup {
  hardState: RecoveredGroup['hardState'];
  snapshotIndex: LogIndex;
  snapshotTerm: Term;
  entries: Map<number, Uint8Array>;
}

/** What the records mean, said a second time and more simply. */
export function replayModel(records: readonly WalRecord[]): RecoveredGroup[] {
  const groups = new Map<GroupId, ModelGroup>();
  for (const record of records) {
    const group = groups.get(record.group) ?? newModelGroup();
    groups.set(record.group, group);
    if (record.kind === 'hard-state') group.hardState = record.hardState;
    if (record.kind === 'entry') group.entries.set(record.index, record.bytes);
    if (record.kind === 'truncate') {
      for (const index of group.entries.keys()) {
        if (index >= record.from) group.entries.delete(index);
      }
    }
    if (record.kind === 'snapshot') {
      group.snapshotIndex = record.index;
      group.snapshotTerm = record.term;
    }
  }
  const sorted = [...groups].sort(([left], [right]) => left - right);
  return sorted.map(([group, model]) => {
    const indices = [...model.entries.keys()].filter((index) => index > model.snapshotIndex);
    const entries = indices.sort((left, right) => left - right).map((at) => model.entries.get(at)!);
    const { hardState, snapshotIndex, snapshotTerm } = model;
    return { group, hardState, snapshotIndex, snapshotTerm, entries };
  });
}

function newModelGroup(): ModelGroup {
  return {
    hardState: { term: term(0), votedFor: null },
    snapshotIndex: logIndex(0),
    snapshotTerm: term(0),
    entries: new Map(),
  };
}

/** One line a group. A group without anything says nothing. */
export function describe(groups: readonly RecoveredGroup[]): string {
  const isEmpty = (it: RecoveredGroup): boolean =>
    it.hardState.term === 0 && it.snapshotIndex === 0 && it.entries.length === 0;
  const lines = groups.map((it) => {
    if (isEmpty(it)) return '';
    const vote = it.hardState.votedFor?.id ?? '-';
    const entries = it.entries.map((bytes) => toHex(bytes.subarray(8, 48)).slice(0, 80));
    const mark = `${it.snapshotIndex},${it.snapshotTerm}`;
    return `${it.group}: ${it.hardState.term}/${vote} @${mark} ${entries}`;
  });
  return lines.filter((line) => line !== '').join('\n');
}
