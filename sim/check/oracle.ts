/**
 * What clients may be told, checked at each answer in constant time.
 *
 * Every write carries a serial that the oracle deals out, so that a value names its writer. A value
 * that was appended to is named by its last serial.
 *
 * 1. A read answers a write of its key that was called before the answer and was not refused.
 * 2. A write is *effective by* its acknowledgement, or by the first answer that showed it. Write A
 *    is surely older than write B if A was effective before B was called, or if one connection
 *    called A before B and had A acknowledged. A read never shows a write surely older than one
 *    that was effective before the read was called: nothing acknowledged is lost, and nothing
 *    overwritten comes back.
 * 3. What one connection learnt stays: a read never shows a write surely older than one which that
 *    connection has seen, or had acknowledged, before. Nor does it show a write that its connection
 *    asks for after it.
 * 4. Absence is shown only if no write is surely newer than every removal that may have happened.
 *    A write with a deadline counts as a removal that may happen at any later time.
 *
 * A connection here is one that executes and answers in the order of requests: each request that
 * is tried again, or may be overtaken, is to be given a connection number of its own.
 * Positions are event numbers: ascending, and equal ones count as concurrent.
 * It is no linearizability checker: it knows only orders that two operations prove by themselves.
 */
import { type CheckerName, InvariantViolation } from '../../src/base/assert.ts';

/** The serial of an absent key, and of "no write". */
export const ABSENT_SERIAL = 0;

const OPEN = 1;
const ACKNOWLEDGED = 2;
const REFUSED = 3;

const KINDS = { put: 0, remove: 1, lapsing: 2 } as const;

const NEVER = Number.POSITIVE_INFINITY;

export interface WriteStart {
  readonly key: number;
  readonly connection: number;
  readonly at: number;
  /** `put` leaves the serial; `remove` leaves nothing; `lapsing` leaves it for a while. */
  readonly kind: keyof typeof KINDS;
}

export interface ReadAnswer {
  readonly key: number;
  readonly connection: number;
  /** The serial of the value, or ABSENT_SERIAL. */
  readonly shown: number;
  /** What `read` answered when the read was called. */
  readonly floor: number;
  /** `writeCount` when the read was called. */
  readonly writesBefore: number;
  readonly at: number;
}

interface KeyFacts {
  /** Of the effective writes, the one that was called last; 0: none. */
  newest: number;
  /** Removals called and not refused, whose effect has no known latest moment. */
  openRemovals: number;
  /** By when the last of the others was effective. */
  removedBy: number;
}

export class ClientOracle {
  #count = 1;
  /** By serial. */
  #key = new Int32Array(256);
  #connection = new Int32Array(256);
  #state = new Uint8Array(256);
  #kind = new Uint8Array(256);
  #calledAt = new Float64Array(256);
  #effectiveBy = new Float64Array(256);
  readonly #keys = new Map<number, KeyFacts>();
  /** By connection and key: of the writes it knows to be effective, the one called last. */
  readonly #known = new Map<number, Map<number, number>>();

  /** How many writes were called. */
  get writeCount(): number {
    return this.#count - 1;
  }

  /** A write is called; answers its serial, 1, 2, 3, … */
  write({ key, connection, at, kind }: WriteStart): number {
    if (this.#count === this.#key.length) this.#grow();
    const serial = this.#count++;
    this.#key[serial] = key;
    this.#connection[serial] = connection;
    this.#state[serial] = OPEN;
    this.#kind[serial] = KINDS[kind];
    this.#calledAt[serial] = at;
    this.#effectiveBy[serial] = NEVER;
    // A lapse is not the write's own effect: it stays possible whatever becomes of the write.
    if (kind !== 'put') this.#factsOf(key).openRemovals++;
    return serial;
  }

  acknowledged(serial: number, at: number): void {
    if (this.#state[serial] === REFUSED)
      this.#fail('client-oracle', 'refused, then acknowledged', serial);
    this.#state[serial] = ACKNOWLEDGED;
    this.#becomeEffective(serial, at);
    this.#learn(this.#connection[serial]!, serial);
  }

  /** The write had certainly no effect. A write of unknown outcome is simply never ended. */
  refused(serial: number): void {
    const wasEffective = this.#effectiveBy[serial] !== NEVER;
    if (wasEffective) this.#fail('client-oracle', 'took effect, then refused', serial);
    this.#state[serial] = REFUSED;
    if (this.#kind[serial] !== KINDS.put) this.#factsOf(this.#key[serial]!).openRemovals--;
  }

  /** A read is called: answers the floor that `answered` wants to know later. */
  read(key: number): number {
    return this.#factsOf(key).newest;
  }

  answered({ key, connection, shown, floor, writesBefore, at }: ReadAnswer): void {
    const known = this.#knownTo(connection, key);
    if (shown === ABSENT_SERIAL) {
      if (!this.#mayBeAbsent(key, floor)) this.#fail('client-oracle', 'lost', floor);
      if (!this.#mayBeAbsent(key, known)) this.#fail('program-order', 'lost to its reader', known);
      return;
    }
    this.#expectWritten(shown, key);
    const isLater = shown > writesBefore && this.#connection[shown] === connection;
    if (isLater) this.#fail('program-order', 'shown to a read before it', shown);
    if (this.#isOlder(shown, floor)) this.#fail('client-oracle', 'came back', shown, floor);
    if (this.#isOlder(shown, known)) this.#fail('program-order', 'came back', shown, known);
    this.#becomeEffective(shown, at);
    this.#learn(connection, shown);
  }

  /** What the key shows when all is quiet, by a path that needs no client. */
  settled(key: number, shown: number): void {
    const floor = this.#factsOf(key).newest;
    if (shown === ABSENT_SERIAL) {
      if (!this.#mayBeAbsent(key, floor)) this.#fail('client-oracle', 'lost in the end', floor);
      return;
    }
    this.#expectWritten(shown, key);
    if (this.#isOlder(shown, floor)) this.#fail('client-oracle', 'left in the end', shown, floor);
  }

  #expectWritten(serial: number, key: number): void {
    const isKnown = serial > 0 && serial < this.#count;
    if (!isKnown) this.#fail('client-oracle', 'shown but never written', serial);
    if (this.#key[serial] !== key) this.#fail('client-oracle', 'shown by another key', serial);
    if (this.#state[serial] === REFUSED) this.#fail('client-oracle', 'refused but shown', serial);
    if (this.#kind[serial] === KINDS.remove) this.#fail('client-oracle', 'a removal shown', serial);
  }

  /** Whether every order of things has `left` before `right`. */
  #isOlder(left: number, right: number): boolean {
    if (left === right || right === 0) return false;
    if (this.#effectiveBy[left]! < this.#calledAt[right]!) return true;
    if (this.#state[left] !== ACKNOWLEDGED || left > right) return false;
    return this.#connection[left] === this.#connection[right];
  }

  #mayBeAbsent(key: number, floor: number): boolean {
    if (floor === 0) return true;
    const { openRemovals, removedBy } = this.#factsOf(key);
    return openRemovals > 0 || removedBy >= this.#calledAt[floor]!;
  }

  #becomeEffective(serial: number, at: number): void {
    if (this.#effectiveBy[serial]! <= at) return;
    const facts = this.#factsOf(this.#key[serial]!);
    if (this.#kind[serial] === KINDS.remove) {
      facts.openRemovals--;
      facts.removedBy = Math.max(facts.removedBy, at);
    }
    this.#effectiveBy[serial] = at;
    // Serials are dealt in the order of calls.
    if (serial > facts.newest) facts.newest = serial;
  }

  #learn(connection: number, serial: number): void {
    const key = this.#key[serial]!;
    let known = this.#known.get(connection);
    if (known === undefined) {
      known = new Map();
      this.#known.set(connection, known);
    }
    if (serial > (known.get(key) ?? 0)) known.set(key, serial);
  }

  #knownTo(connection: number, key: number): number {
    return this.#known.get(connection)?.get(key) ?? 0;
  }

  #factsOf(key: number): KeyFacts {
    let facts = this.#keys.get(key);
    if (facts === undefined) {
      facts = { newest: 0, openRemovals: 0, removedBy: -1 };
      this.#keys.set(key, facts);
    }
    return facts;
  }

  #fail(checker: CheckerName, what: string, serial: number, newer = 0): never {
    const than = newer === 0 ? '' : `, though ${this.#tell(newer)} came after it`;
    throw new InvariantViolation(checker, `${what}: ${this.#tell(serial)}${than}`);
  }

  #tell(serial: number): string {
    if (serial <= 0 || serial >= this.#count) return `serial ${serial}`;
    const by = this.#effectiveBy[serial]!;
    return [
      `write ${serial} of key ${this.#key[serial]} by connection ${this.#connection[serial]}`,
      `[${this.#calledAt[serial]}…${by === NEVER ? '∞' : by}]`,
    ].join(' ');
  }

  #grow(): void {
    const size = this.#key.length * 2;
    this.#key = enlarge(this.#key, new Int32Array(size));
    this.#connection = enlarge(this.#connection, new Int32Array(size));
    this.#state = enlarge(this.#state, new Uint8Array(size));
    this.#kind = enlarge(this.#kind, new Uint8Array(size));
    this.#calledAt = enlarge(this.#calledAt, new Float64Array(size));
    this.#effectiveBy = enlarge(this.#effectiveBy, new Float64Array(size));
  }
}

function enlarge<Column extends { set(from: Column): void }>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
