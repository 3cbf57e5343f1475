/**
 * Follows the committed log of a group with the reference, and holds replicas against it.
 *
 * 1. state-machine-safety: the chain of a replica is the one that the commands make; where it has
 *    applied exactly what the reference has, it holds the same keys, values, revisions, deadlines.
 * 2. sessions: … and the same sessions in the order of last use, with the same results.
 * 3. linearizable: … and shows them to its readers as they are (readers.ts).
 *
 * Replicas that agree with each other prove nothing about what they all do wrong: this does.
 */
import { putU32, putU64 } from '../../../src/base/bytes.ts';
import { Wyhash } from '../../../src/base/hash.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND, readEntryHeader } from '../../../src/core/entry.ts';
import { decodeFormation } from '../../../src/core/settings.ts';
import { newRecordView, readRecord } from '../../../src/core/store/record.ts';
import type { Session } from '../../../src/core/store/sessions.ts';
import type { StoreState } from '../../../src/core/store/state.ts';
import { TableWalk } from '../../../src/core/store/walk.ts';
import { STATUS } from '../../../src/core/types.ts';
import { violate } from '../online/violate.ts';
import { commandsOf, textIn } from './commands.ts';
import { checkReaders } from './readers.ts';
import { type Answer, type HeldSession, ReferenceStore } from './store.ts';

const CHAIN_HEAD_BYTES = 40;
/** A look at a whole state is worth so many entries. */
const ENTRIES_PER_LOOK = 40;
/** Chains of so many indices are kept: nobody lags further who has not got a snapshot. */
const CHAINS_MAX = 20_000;

interface Chain {
  readonly low: number;
  readonly high: number;
}

export class Follower {
  #index = 0;
  #store: ReferenceStore | null = null;
  #chain: Chain = { low: 0, high: 0 };
  readonly #chains = new Map<number, Chain>();
  readonly #ahead = new Map<number, Uint8Array>();
  readonly #looks = new WeakMap<StoreState, number>();
  readonly #expiredPerEntryMax: number;

  constructor(expiredPerEntryMax: number) {
    this.#expiredPerEntryMax = expiredPerEntryMax;
  }

  /** What is committed at `index`, in whatever order it is learnt. */
  committed(index: number, entry: Uint8Array): void {
    if (index <= this.#index) return;
    this.#ahead.set(index, entry);
    for (;;) {
      const next = this.#ahead.get(this.#index + 1);
      if (next === undefined) return;
      this.#ahead.delete(++this.#index);
      this.#take(next);
    }
  }

  #take(entry: Uint8Array): void {
    const header = readEntryHeader(entry, 0, entry.length)!;
    if (header.kind === ENTRY_KIND.FORMATION) {
      const { settings } = decodeFormation(entry, ENTRY_HEADER_BYTES, entry.length)!;
      this.#store = new ReferenceStore(settings, this.#expiredPerEntryMax);
    }
    const store = this.#store;
    store?.beginEntry(header.stamp);
    const isOfCommands = store !== null && header.kind === ENTRY_KIND.COMMANDS;
    const commands = isOfCommands ? commandsOf(entry, header) : [];
    const statuses = commands.map((command) =>
      command === null ? STATUS.MALFORMED : store!.apply(command).status,
    );
    const bytes = new Uint8Array(CHAIN_HEAD_BYTES + statuses.length);
    putU32(bytes, 0, this.#chain.low);
    putU32(bytes, 4, this.#chain.high);
    putU32(bytes, 8, header.headerCrc);
    putU32(bytes, 12, header.count);
    putU64(bytes, 16, store?.revision ?? 0);
    putU64(bytes, 24, store?.keys.size ?? 0);
    putU64(bytes, 32, store?.logicalBytes ?? 0);
    bytes.set(statuses, CHAIN_HEAD_BYTES);
    const hash = new Wyhash(0, 0);
    hash.hash(bytes, 0, bytes.length);
    this.#chain = { low: hash.low, high: hash.high };
    this.#chains.set(this.#index, this.#chain);
    this.#chains.delete(this.#index - CHAINS_MAX);
  }

  /** A replica as it is. */
  check(state: StoreState): void {
    const { appliedIndex, chainLow, chainHigh } = state;
    const chain = this.#chains.get(appliedIndex);
    if (chain === undefined) return;
    if (chain.low !== chainLow || chain.high !== chainHigh) {
      violate('state-machine-safety', `at ${appliedIndex} the state is not what was commanded`);
    }
    const looked = this.#looks.get(state) ?? 0;
    if (appliedIndex < this.#index || appliedIndex < looked + ENTRIES_PER_LOOK) return;
    this.#looks.set(state, appliedIndex);
    this.look(state);
  }

  /** The whole state, where the replica has applied just what the reference has. */
  look(state: StoreState): void {
    if (state.appliedIndex !== this.#index || this.#store === null) return;
    checkKeys(state, this.#store);
    checkSessions(state, this.#store);
    checkReaders(state, this.#store);
  }
}

function checkKeys(state: StoreState, { keys }: ReferenceStore): void {
  const record = newRecordView();
  const walk = new TableWalk(state.table);
  let count = 0;
  for (walk.seek(0, 0); walk.address !== 0; walk.next()) {
    readRecord(state.slab.bytesAt(walk.address), state.slab.offsetAt(walk.address), record);
    const key = textIn(record.bytes, record.keyAt, record.keyBytes);
    const value = textIn(record.bytes, record.valueAt, record.valueBytes);
    const held = keys.get(key);
    const isSame =
      held?.value === value &&
      held.revision === record.revision &&
      held.deadline === record.deadline;
    if (!isSame) violate('state-machine-safety', `key ${key} is not what was commanded`);
    count++;
  }
  if (count !== keys.size) violate('state-machine-safety', `${keys.size - count} keys are missing`);
}

function checkSessions({ sessions }: StoreState, reference: ReferenceStore): void {
  const all = sessions.all();
  const ids = [...reference.sessions.keys()];
  const isSame = all.length === ids.length && all.every(({ id }, at) => id === ids[at]);
  if (!isSame) violate('sessions', 'other sessions are open than were commanded');
  for (const session of all) checkSession(session, reference.sessions.get(session.id)!);
}

function checkSession(session: Session, held: HeldSession): void {
  const { id, floor, lastUsedTime, results } = session;
  if (floor !== held.floor) violate('sessions', `the floor of session ${id} is ${floor}`);
  if (lastUsedTime !== held.usedTime) violate('sessions', `session ${id} was used at another time`);
  const sequences = results.sequences(floor);
  const isEach = sequences.every((sequence) => {
    const kept: Answer | undefined = held.results.get(sequence);
    const value = results.valueOf(sequence);
    return (
      kept?.status === results.statusOf(sequence) &&
      kept.revision === results.revisionOf(sequence) &&
      kept.value === (value === null ? null : textIn(value, 0, value.length))
    );
  });
  const isAll = sequences.length === held.results.size;
  if (!isEach || !isAll) violate('sessions', `session ${id} remembers other answers than it gave`);
}
