/**
 * The network between machines in a test: a queue that the test empties as it likes.
 *
 * Every message goes through the codec, so that no test relies on what the wire cannot carry.
 * Two of the node's own messages travel with Raft's: a whole snapshot, and its receipt.
 */
import { assert } from '../../../base/assert.ts';
import { concatBytes } from '../../../base/bytes.ts';
import type { GroupId, LogIndex } from '../../../base/units.ts';
import type { Member } from '../../types.ts';
import { encodeMessage, MESSAGE_TYPE, messageBytes, readMessage } from '../codec.ts';
import type { Message } from '../message.ts';
import type { Snapshot } from './disk.ts';

export type Parcel =
  | Message
  | {
      readonly type: 'snapshot';
      readonly from: Member;
      readonly to: Member;
      readonly snapshot: Snapshot;
    }
  | {
      readonly type: 'snapshot-answer';
      readonly from: Member;
      readonly to: Member;
      readonly index: LogIndex;
      readonly isInstalled: boolean;
    };

/** Which parcels a rule means: by type, and by either end; null means any. */
export interface Filter {
  readonly type: Parcel['type'] | null;
  readonly from: number | null;
  readonly to: number | null;
}

/** Whose parcels are meant; an end that is absent means anybody's. */
export interface Ends {
  readonly from?: number;
  readonly to?: number;
}

export const filterOf = (type: Parcel['type'] | '*', ends: Ends): Filter => ({
  type: type === '*' ? null : type,
  from: ends.from ?? null,
  to: ends.to ?? null,
});

export function matches(filter: Filter, parcel: Parcel): boolean {
  if (filter.type !== null && filter.type !== parcel.type) return false;
  if (filter.from !== null && filter.from !== parcel.from.id) return false;
  return filter.to === null || filter.to === parcel.to.id;
}

export class Network {
  queue: Parcel[] = [];
  heldBack: Parcel[] = [];
  /** What was sent in all, by type. */
  sent = new Map<string, number>();
  bytesSent = 0;
  #cuts = new Set<string>();
  #drops: Filter[] = [];
  #holds: Filter[] = [];

  send(parcel: Parcel): void {
    this.sent.set(parcel.type, (this.sent.get(parcel.type) ?? 0) + 1);
    const arriving = isRaft(parcel) ? this.#throughTheWire(parcel) : parcel;
    if (this.#holds.some((filter) => matches(filter, arriving))) this.heldBack.push(arriving);
    else this.queue.push(arriving);
  }

  /** The next parcel that arrives; null when nothing is under way. */
  next(): Parcel | null {
    while (this.queue.length > 0) {
      const parcel = this.queue.shift()!;
      if (!this.isLost(parcel)) return parcel;
    }
    return null;
  }

  isLost(parcel: Parcel): boolean {
    const isCut = this.#cuts.has(`${parcel.from.id}>${parcel.to.id}`);
    return isCut || this.#drops.some((filter) => matches(filter, parcel));
  }

  cut(source: number, target: number, isOneWay = false): void {
    this.#cuts.add(`${source}>${target}`);
    if (!isOneWay) this.#cuts.add(`${target}>${source}`);
  }

  heal(): void {
    this.#cuts.clear();
    this.#drops = [];
  }

  /** Loses what matches, now and until the network heals. */
  drop(filter: Filter): void {
    this.#drops.push(filter);
  }

  /** Loses what matches and is under way now. */
  discard(filter: Filter): void {
    this.queue = this.queue.filter((parcel) => !matches(filter, parcel));
  }

  /** Keeps what matches on its way until `release`. */
  hold(filter: Filter): void {
    this.#holds.push(filter);
    this.heldBack.push(...this.queue.filter((parcel) => matches(filter, parcel)));
    this.discard(filter);
  }

  release(): void {
    this.#holds = [];
    this.queue.push(...this.heldBack);
    this.heldBack = [];
  }

  #throughTheWire(message: Message): Message {
    const bytes = concatBytes(encodeMessage(message));
    assert(bytes.length === messageBytes(message), 'internal', 'messageBytes tells another size');
    this.bytesSent += bytes.length;
    const { from, to } = message;
    const source = { from, to, group: 0 as GroupId };
    const range = { at: 0, end: bytes.length };
    const arrived = readMessage(MESSAGE_TYPE[message.type], source, bytes, range);
    assert(arrived !== null, 'internal', 'the codec refuses what Raft says');
    return arrived;
  }
}

function isRaft(parcel: Parcel): parcel is Message {
  return parcel.type !== 'snapshot' && parcel.type !== 'snapshot-answer';
}
