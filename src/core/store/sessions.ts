/**
 * Client sessions: exactly once (Ongaro, "Consensus: Bridging Theory and Practice", 6.3).
 *
 * 1. A session's id is the revision of the command that opened it, so ids are never used twice.
 * 2. `floor` is the highest lowest-unacknowledged sequence the session has named. Results below it
 *    are gone; a sequence below it is refused; one at floor + 1,024 or above is refused too.
 * 3. Sessions are held in the order of their last use, which is the order of `lastUse`, a counter
 *    that every sessioned command advances. It is content: a replica restored from a snapshot ends
 *    and evicts in the same order. (An index would not do: one entry may use many sessions.)
 * 4. Result values have a byte budget of their own; status and revision are always kept, for without
 *    them a retry would be applied again. Sessions at most and the window bound their number.
 *
 * Ending by time and eviction are decided in apply.ts; this file only does them.
 */
import { assert } from '../../base/assert.ts';
import { crc32c } from '../../base/crc32c.ts';
import { Element, Sum } from './digest.ts';
import { type KeptResult, ResultWindow } from './window.ts';

const SESSION_ELEMENT = 2;
const RESULT_ELEMENT = 3;
const VALUE_DROPPED = 0xffff_ffff;

export interface Session {
  readonly id: number;
  floor: number;
  /** Of the `useCount` at its last use. */
  lastUse: number;
  /** Log time of its last use. */
  lastUsedTime: number;
  readonly results: ResultWindow;
  /** The number of the snapshot that holds its old form already; node-local. */
  handedTo: number;
  /** Its neighbours in the order of last use. */
  older: Session | null;
  newer: Session | null;
}

/** What a snapshot says of a session, its results apart. */
export type SessionForm = Pick<Session, 'id' | 'floor' | 'lastUse' | 'lastUsedTime'>;

export class Sessions {
  /** Sessioned commands and openings applied so far. */
  useCount = 0;
  /** Bytes of the result values held. */
  resultBytes = 0;
  readonly digest = new Sum();
  readonly #sessions = new Map<number, Session>();
  // A list in the order of last use. (A Map taken out of and put into at every use would be in that
  // order too, but finds its first item by skipping all that were taken out since it was rehashed.)
  #oldest: Session | null = null;
  #newest: Session | null = null;
  readonly #element = new Element();

  get count(): number {
    return this.#sessions.size;
  }

  find(id: number): Session | null {
    return this.#sessions.get(id) ?? null;
  }

  /** The session used longest ago, or null. */
  oldest(): Session | null {
    return this.#oldest;
  }

  /** All of them, in the order of last use. */
  all(): Session[] {
    const sessions: Session[] = [];
    for (let one = this.#oldest; one !== null; one = one.newer) sessions.push(one);
    return sessions;
  }

  /** All ids, ascending. */
  sortedIds(): Float64Array {
    return Float64Array.from(this.#sessions.keys()).sort();
  }

  open(id: number, time: number): void {
    this.useCount++;
    this.restore({ id, floor: 0, lastUse: this.useCount, lastUsedTime: time });
  }

  /** Adds a session as a snapshot describes it. Afterwards `sortByUse` must be called. */
  restore({ id, floor, lastUse, lastUsedTime }: SessionForm): Session {
    assert(!this.#sessions.has(id), 'sessions', 'a session id was used twice');
    const session: Session = {
      id,
      floor,
      lastUse,
      lastUsedTime,
      results: new ResultWindow(),
      handedTo: 0,
      older: null,
      newer: null,
    };
    this.#sessions.set(id, session);
    this.#append(session);
    this.digest.add(this.#elementOf(session));
    return session;
  }

  /** Brings restored sessions into the order of last use. */
  sortByUse(): void {
    const sorted = this.all().sort((left, right) => left.lastUse - right.lastUse);
    this.#oldest = null;
    this.#newest = null;
    for (const session of sorted) this.#append(session);
  }

  end(session: Session): void {
    this.#dropBelow(session, Number.POSITIVE_INFINITY);
    this.digest.subtract(this.#elementOf(session));
    this.#sessions.delete(session.id);
    this.#unlink(session);
  }

  /** Marks a use at log time `time` and raises the floor, dropping the results below it. */
  use(session: Session, floor: number, time: number): void {
    this.digest.subtract(this.#elementOf(session));
    if (floor > session.floor) {
      this.#dropBelow(session, floor);
      session.floor = floor;
    }
    this.useCount++;
    session.lastUse = this.useCount;
    session.lastUsedTime = time;
    this.#unlink(session);
    this.#append(session);
    this.digest.add(this.#elementOf(session));
  }

  /** Keeps the result of `sequence`. */
  keep(session: Session, sequence: number, result: KeptResult): void {
    session.results.keep(session.floor, sequence, result);
    this.resultBytes += result.value === null ? 0 : result.value.length;
    this.digest.add(this.#elementOfResult(session, sequence));
  }

  #append(session: Session): void {
    session.older = this.#newest;
    session.newer = null;
    if (this.#newest === null) this.#oldest = session;
    else this.#newest.newer = session;
    this.#newest = session;
  }

  #unlink({ older, newer }: Session): void {
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
  }

  #dropBelow(session: Session, floor: number): void {
    const end = Math.min(floor, session.floor + session.results.size);
    for (let at = session.floor; at < end && session.results.count > 0; at++) {
      if (!session.results.has(at)) continue;
      this.digest.subtract(this.#elementOfResult(session, at));
      this.resultBytes -= session.results.valueOf(at)?.length ?? 0;
      session.results.drop(at);
    }
  }

  #elementOf(session: Session): Element {
    const element = this.#element;
    element.begin(SESSION_ELEMENT);
    element.number(session.id);
    element.number(session.floor);
    element.number(session.lastUse);
    element.number(session.lastUsedTime);
    element.end();
    return element;
  }

  #elementOfResult(session: Session, sequence: number): Element {
    const element = this.#element;
    const value = session.results.valueOf(sequence);
    element.begin(RESULT_ELEMENT);
    element.number(session.id);
    element.number(sequence);
    element.word(session.results.statusOf(sequence));
    element.number(session.results.revisionOf(sequence));
    element.word(value === null ? VALUE_DROPPED : value.length);
    if (value !== null) element.word(crc32c(value, 0, value.length));
    element.end();
    return element;
  }

  /** Adds the digest of the session and its results to `sum`. */
  addDigest(session: Session, sum: Sum): void {
    sum.add(this.#elementOf(session));
    for (const sequence of session.results.sequences(session.floor)) {
      sum.add(this.#elementOfResult(session, sequence));
    }
  }

  /** Recounts everything; for check(). */
  check(): void {
    const sum = new Sum();
    let bytes = 0;
    let lastUse = 0;
    const all = this.all();
    assert(all.length === this.#sessions.size, 'sessions', 'list and index of sessions differ');
    for (const session of all) {
      assert(session.lastUse > lastUse, 'sessions', 'sessions not in the order of last use');
      lastUse = session.lastUse;
      this.addDigest(session, sum);
      for (const sequence of session.results.sequences(session.floor)) {
        bytes += session.results.valueOf(sequence)?.length ?? 0;
      }
    }
    assert(lastUse <= this.useCount, 'sessions', 'a session was used in the future');
    assert(bytes === this.resultBytes, 'sessions', 'result bytes miscounted');
    assert(
      sum.low === this.digest.low && sum.high === this.digest.high,
      'sessions',
      'digest of sessions is off',
    );
  }
}
