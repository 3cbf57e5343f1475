/**
 * For the tests of this folder: the store as a naive program over Maps, written from the rules and
 * not from the code. Text is Latin-1.
 */
import { Wyhash } from '../../base/hash.ts';
import { COMMAND_FLAG, encodeSwap } from '../command.ts';
import { OPERATION, type Settings, STATUS, VALUE_BYTES_MAX } from '../types.ts';
import { bytesOf, type Command, type Row, textOf } from './fixture.ts';

interface Entry {
  value: string;
  revision: number;
  deadline: number;
}

interface ModelSession {
  floor: number;
  usedTime: number;
  readonly results: Map<number, Row>;
}

const row = (status: number, revision = 0, value = ''): Row => ({ status, revision, value });

export class Model {
  readonly table = new Map<string, Entry>();
  /** In the order of last use. */
  readonly sessions = new Map<number, ModelSession>();
  revision = 0;
  time = 0;
  readonly #settings: Settings;
  readonly #removedPerEntry: number;

  constructor(settings: Settings, removedPerEntry: number) {
    this.#settings = settings;
    this.#removedPerEntry = removedPerEntry;
  }

  get logicalBytes(): number {
    let sum = 0;
    for (const [key, { value }] of this.table) sum += key.length + value.length + 64;
    return sum;
  }

  run(commands: readonly Command[], stamp: number): Row[] {
    this.time = stamp;
    const due = [...this.table].filter(([, { deadline }]) => this.#isOver(deadline));
    due.sort(([left, a], [right, b]) => a.deadline - b.deadline || compareHashes(left, right));
    for (const [key] of due.slice(0, this.#removedPerEntry)) this.table.delete(key);
    let ended = 0;
    for (const [id, session] of [...this.sessions]) {
      const isTooMany = this.sessions.size > this.#settings.sessionsMax;
      if (ended === this.#removedPerEntry || !(this.#isIdle(session) || isTooMany)) break;
      this.sessions.delete(id);
      ended++;
    }
    return commands.map((command) => this.#apply(command));
  }

  get(key: string): Row {
    const entry = this.table.get(key);
    if (entry === undefined || this.#isOver(entry.deadline)) return row(STATUS.NOT_FOUND);
    return row(STATUS.VALUE, entry.revision, entry.value);
  }

  #isOver(deadline: number): boolean {
    return this.time > deadline;
  }

  #isIdle(session: ModelSession): boolean {
    return this.time - session.usedTime > this.#settings.sessionIdleMs;
  }

  #apply(command: Command): Row {
    if (command.session === undefined) return this.#execute(command);
    const session = this.sessions.get(command.session);
    if (session === undefined || this.#isIdle(session)) {
      this.sessions.delete(command.session);
      return row(STATUS.SESSION_EXPIRED);
    }
    this.sessions.delete(command.session);
    if (command.operation === OPERATION.CLOSE_SESSION) return row(STATUS.OK, ++this.revision);
    this.sessions.set(command.session, session);
    session.usedTime = this.time;
    session.floor = Math.max(session.floor, command.lowestUnacknowledged ?? 0);
    for (const held of [...session.results.keys()]) {
      if (held < session.floor) session.results.delete(held);
    }
    const sequence = command.sequence ?? 0;
    if (sequence < session.floor) return row(STATUS.SEQUENCE_BELOW_FLOOR);
    if (sequence > session.floor + 1023) return row(STATUS.SEQUENCE_BEYOND_WINDOW);
    const before = session.results.get(sequence);
    if (before !== undefined) return before;
    const answer = this.#execute(command);
    session.results.set(sequence, this.#isKept(answer) ? answer : dropped(answer));
    return answer;
  }

  #isKept(answer: Row): boolean {
    let held = 0;
    for (const session of this.sessions.values()) {
      for (const { value } of session.results.values()) held += value.length;
    }
    const size = answer.value.length;
    const fits = held + size <= this.#settings.sessionResultBytesMax;
    return size === 0 || (size <= 4096 && fits);
  }

  #execute(command: Command): Row {
    switch (command.operation) {
      case OPERATION.FLUSH_ALL: {
        if (this.table.size === 0) return row(STATUS.OK);
        this.table.clear();
        return row(STATUS.OK, ++this.revision);
      }
      case OPERATION.OPEN_SESSION: {
        if (this.sessions.size >= this.#settings.sessionsMax) {
          this.sessions.delete([...this.sessions.keys()][0]!);
        }
        const id = ++this.revision;
        this.sessions.set(id, { floor: 0, usedTime: this.time, results: new Map() });
        return row(STATUS.OK, id);
      }
      default:
        return this.#executeOnKey(command, textOf(command.key ?? new Uint8Array(0)));
    }
  }

  #executeOnKey(command: Command, key: string): Row {
    const found = this.table.get(key);
    if (found !== undefined && this.#isOver(found.deadline)) this.table.delete(key);
    const entry = this.table.get(key);
    const value = textOf(command.value ?? new Uint8Array(0));
    const flags = command.flags ?? 0;
    switch (command.operation) {
      case OPERATION.PUT: {
        const forbidden = entry === undefined ? COMMAND_FLAG.IF_PRESENT : COMMAND_FLAG.IF_ABSENT;
        if ((flags & forbidden) !== 0) return failed(entry);
        return this.#write(command, key, value);
      }
      case OPERATION.COMPARE_AND_SWAP: {
        const { expected, next } = splitSwap(command.value!);
        if ((entry?.value ?? null) !== expected) return failed(entry);
        return this.#write(command, key, next);
      }
      case OPERATION.DELETE: {
        if (entry === undefined) return row(STATUS.NOT_FOUND);
        this.table.delete(key);
        return changed(++this.revision, flags, entry);
      }
      case OPERATION.INCREMENT: {
        const current = integerOf(entry?.value ?? '0');
        const delta = integerOf(value);
        if (current === null || delta === null) return row(STATUS.NOT_AN_INTEGER);
        const sum = current + delta;
        if (BigInt.asIntN(64, sum) !== sum) return row(STATUS.OUT_OF_RANGE);
        return this.#rewrite(key, `${sum}`, `${sum}`);
      }
      case OPERATION.APPEND: {
        const whole = (entry?.value ?? '') + value;
        if (whole.length > VALUE_BYTES_MAX) return row(STATUS.VALUE_TOO_LARGE);
        return this.#rewrite(key, whole, `${whole.length}`);
      }
      case OPERATION.EXPIRE: {
        if (entry === undefined) return row(STATUS.NOT_FOUND);
        const revision = ++this.revision;
        if (this.#isOver(command.deadline!)) this.table.delete(key);
        else this.table.set(key, { ...entry, revision, deadline: command.deadline! });
        return row(STATUS.OK, revision);
      }
      case OPERATION.PERSIST: {
        if (entry === undefined) return row(STATUS.NOT_FOUND);
        if (entry.deadline === Number.POSITIVE_INFINITY) {
          return row(STATUS.CONDITION_FAILED, entry.revision);
        }
        const revision = ++this.revision;
        this.table.set(key, { ...entry, revision, deadline: Number.POSITIVE_INFINITY });
        return row(STATUS.OK, revision);
      }
      default:
        return row(STATUS.MALFORMED);
    }
  }

  #write(command: Command, key: string, value: string): Row {
    const flags = command.flags ?? 0;
    const entry = this.table.get(key);
    const keeps = (flags & COMMAND_FLAG.KEEP_DEADLINE) !== 0 && entry !== undefined;
    const given = command.deadline ?? Number.POSITIVE_INFINITY;
    const deadline = keeps ? entry.deadline : given;
    if (this.#isOver(deadline)) {
      if (entry === undefined) return row(STATUS.OK);
      this.table.delete(key);
      return changed(++this.revision, flags, entry);
    }
    if (!this.#fits(key, value)) return row(STATUS.QUOTA_EXCEEDED);
    const revision = ++this.revision;
    this.table.set(key, { value, revision, deadline });
    return changed(revision, flags, entry);
  }

  #rewrite(key: string, value: string, answer: string): Row {
    if (!this.#fits(key, value)) return row(STATUS.QUOTA_EXCEEDED);
    const deadline = this.table.get(key)?.deadline ?? Number.POSITIVE_INFINITY;
    const revision = ++this.revision;
    this.table.set(key, { value, revision, deadline });
    return row(STATUS.VALUE, revision, answer);
  }

  #fits(key: string, value: string): boolean {
    const entry = this.table.get(key);
    const before = entry === undefined ? 0 : key.length + entry.value.length + 64;
    const raised = key.length + value.length + 64 - before;
    return raised <= 0 || this.logicalBytes + raised <= this.#settings.quotaBytes;
  }
}

const dropped = (answer: Row): Row => row(STATUS.APPLIED_RESULT_DROPPED, answer.revision);

function failed(entry: Entry | undefined): Row {
  if (entry === undefined) return row(STATUS.CONDITION_FAILED);
  return row(STATUS.CONDITION_FAILED, entry.revision, entry.value);
}

function changed(revision: number, flags: number, before: Entry | undefined): Row {
  if ((flags & COMMAND_FLAG.RETURN_OLD) === 0 || before === undefined) {
    return row(STATUS.OK, revision);
  }
  return row(STATUS.VALUE, revision, before.value);
}

function splitSwap(bytes: Uint8Array): { expected: string | null; next: string } {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length === 0xffff_ffff) return { expected: null, next: textOf(bytes.subarray(4)) };
  const expected = textOf(bytes.subarray(4, 4 + length));
  return { expected, next: textOf(bytes.subarray(4 + length)) };
}

export const swap = (expected: string | null, next: string): Uint8Array =>
  encodeSwap(expected === null ? null : bytesOf(expected), bytesOf(next));

function integerOf(text: string): bigint | null {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return null;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : null;
}

/** The order of h under the fixture's table seed. */
export function compareHashes(left: string, right: string): number {
  const a = hashOf(left);
  const b = hashOf(right);
  return a < b ? -1 : a > b ? 1 : 0;
}

export function hashOf(key: string): bigint {
  const hash = new Wyhash(0x0123_4567, 0x89ab_cdef);
  const bytes = bytesOf(key);
  hash.hash(bytes, 0, bytes.length);
  return (BigInt(hash.high) << 32n) | BigInt(hash.low);
}
