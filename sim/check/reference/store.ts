/**
 * What the commands of a log make of a store: a naive program over Maps, written from the rules of
 * src/core/store and not from its code. Text is Latin-1.
 *
 * It is told entry after entry, and says what each command answers and what is there afterwards.
 */
import { Wyhash } from '../../../src/base/hash.ts';
import { parseI64 } from '../../../src/base/text.ts';
import { ABSENT, COMMAND_FLAG } from '../../../src/core/command.ts';
import { changeSettings, checkChanges, decodeChanges } from '../../../src/core/settings.ts';
import { isWellFormed } from '../../../src/core/store/well-formed.ts';
import {
  OPERATION,
  SESSION_RESULT_BYTES_MAX,
  SESSION_WINDOW,
  type Settings,
  STATUS,
  VALUE_BYTES_MAX,
} from '../../../src/core/types.ts';
import type { SpokenCommand } from './commands.ts';

const { DEADLINE, IF_ABSENT, IF_PRESENT, KEEP_DEADLINE, RETURN_OLD, SESSION } = COMMAND_FLAG;

/** Status, revision, value; a value that was too large to keep is null. */
export interface Answer {
  readonly status: number;
  readonly revision: number;
  readonly value: string | null;
}

export interface HeldKey {
  readonly value: string;
  readonly revision: number;
  readonly deadline: number;
}

export interface HeldSession {
  floor: number;
  usedTime: number;
  readonly results: Map<number, Answer>;
}

const answer = (status: number, revision = 0, value: string | null = ''): Answer => ({
  status,
  revision,
  value,
});

const KEY_OVERHEAD = 64;

export class ReferenceStore {
  readonly keys = new Map<string, HeldKey>();
  /** In the order of last use. */
  readonly sessions = new Map<number, HeldSession>();
  revision = 0;
  time = 0;
  readonly #expiredPerEntryMax: number;
  #settings: Settings;
  readonly #hash: Wyhash;

  constructor(settings: Settings, expiredPerEntryMax: number) {
    const seed = settings.tableSeed;
    const high = Number.parseInt(seed.slice(0, 8), 16);
    this.#hash = new Wyhash(high, Number.parseInt(seed.slice(8), 16));
    this.#settings = settings;
    this.#expiredPerEntryMax = expiredPerEntryMax;
  }

  get logicalBytes(): number {
    let sum = 0;
    for (const [key, { value }] of this.keys) sum += sizeOf(key, value);
    return sum;
  }

  /** An entry begins: what is due goes, up to a bound, those due first and used longest ago first. */
  beginEntry(stamp: number): void {
    this.time = stamp;
    const due: [string, HeldKey][] = [];
    for (const [key, held] of this.keys) if (this.#isOver(held.deadline)) due.push([key, held]);
    due.sort(([left, a], [right, b]) => a.deadline - b.deadline || this.#inOrder(left, right));
    for (const [key] of due.slice(0, this.#expiredPerEntryMax)) this.keys.delete(key);
    let ended = 0;
    for (const [id, session] of this.sessions) {
      const isTooMany = this.sessions.size > this.#settings.sessionsMax;
      if (ended === this.#expiredPerEntryMax || !(this.#isIdle(session) || isTooMany)) break;
      this.sessions.delete(id);
      ended++;
    }
  }

  apply(command: SpokenCommand): Answer {
    if ((command.flags & SESSION) === 0) return this.#execute(command);
    const session = this.sessions.get(command.session);
    this.sessions.delete(command.session);
    if (session === undefined || this.#isIdle(session)) return answer(STATUS.SESSION_EXPIRED);
    if (command.operation === OPERATION.CLOSE_SESSION && isWellFormed(command)) {
      return answer(STATUS.OK, ++this.revision);
    }
    this.sessions.set(command.session, session);
    session.usedTime = this.time;
    session.floor = Math.max(session.floor, command.lowestUnacknowledged);
    for (const held of [...session.results.keys()]) {
      if (held < session.floor) session.results.delete(held);
    }
    return this.#applyOnce(session, command);
  }

  #applyOnce(session: HeldSession, command: SpokenCommand): Answer {
    const { sequence } = command;
    if (sequence < session.floor) return answer(STATUS.SEQUENCE_BELOW_FLOOR);
    if (sequence > session.floor + SESSION_WINDOW - 1) {
      return answer(STATUS.SEQUENCE_BEYOND_WINDOW);
    }
    const before = session.results.get(sequence);
    if (before !== undefined) return told(before);
    const now = this.#execute(command);
    session.results.set(sequence, this.#mayKeep(now) ? now : { ...now, value: null });
    return now;
  }

  #mayKeep({ value }: Answer): boolean {
    const size = value!.length;
    let held = 0;
    for (const { results } of this.sessions.values()) {
      for (const kept of results.values()) held += kept.value?.length ?? 0;
    }
    const fits = held + size <= this.#settings.sessionResultBytesMax;
    return size === 0 || (size <= SESSION_RESULT_BYTES_MAX && fits);
  }

  #isOver(deadline: number): boolean {
    return this.time > deadline;
  }

  #isIdle({ usedTime }: HeldSession): boolean {
    return this.time - usedTime > this.#settings.sessionIdleMs;
  }

  #inOrder(left: string, right: string): number {
    const a = this.#hashOf(left);
    const b = this.#hashOf(right);
    return a < b ? -1 : a > b ? 1 : left < right ? -1 : 1;
  }

  #hashOf(key: string): bigint {
    const bytes = latin(key);
    this.#hash.hash(bytes, 0, bytes.length);
    return (BigInt(this.#hash.high) << 32n) | BigInt(this.#hash.low);
  }

  #execute(command: SpokenCommand): Answer {
    if (!isWellFormed(command)) return answer(STATUS.MALFORMED);
    switch (command.operation) {
      case OPERATION.FLUSH_ALL:
        if (this.keys.size === 0) return answer(STATUS.OK);
        this.keys.clear();
        return answer(STATUS.OK, ++this.revision);
      case OPERATION.OPEN_SESSION:
        return this.#open();
      case OPERATION.SETTINGS:
        return this.#change(latin(command.value));
      case OPERATION.CLOSE_SESSION:
        return answer(STATUS.MALFORMED);
      default:
        return this.#executeOnKey(command, command.key);
    }
  }

  #open(): Answer {
    if (this.sessions.size >= this.#settings.sessionsMax) {
      this.sessions.delete([...this.sessions.keys()][0]!);
    }
    const id = ++this.revision;
    this.sessions.set(id, { floor: 0, usedTime: this.time, results: new Map() });
    return answer(STATUS.OK, id);
  }

  #change(bytes: Uint8Array): Answer {
    const changes = decodeChanges(bytes, 0, bytes.length);
    if (changes === null || checkChanges(this.#settings, changes) !== null) {
      return answer(STATUS.MALFORMED);
    }
    this.#settings = changeSettings(this.#settings, changes);
    return answer(STATUS.OK, ++this.revision);
  }

  #executeOnKey(command: SpokenCommand, key: string): Answer {
    const { operation, flags, value, deadline } = command;
    const isSplit = operation !== OPERATION.COMPARE_AND_SWAP || splitSwap(value) !== null;
    if (!isSplit) return answer(STATUS.MALFORMED);
    const found = this.keys.get(key);
    if (found !== undefined && this.#isOver(found.deadline)) this.keys.delete(key);
    const held = this.keys.get(key);
    switch (operation) {
      case OPERATION.PUT: {
        const forbidden = held === undefined ? IF_PRESENT : IF_ABSENT;
        return (flags & forbidden) !== 0 ? failed(held) : this.#write(command, value);
      }
      case OPERATION.COMPARE_AND_SWAP: {
        const { expected, next } = splitSwap(value)!;
        return (held?.value ?? null) === expected ? this.#write(command, next) : failed(held);
      }
      case OPERATION.DELETE:
        if (held === undefined) return answer(STATUS.NOT_FOUND);
        this.keys.delete(key);
        return changed(++this.revision, flags, held);
      case OPERATION.INCREMENT:
        return this.#increment(key, held, value);
      case OPERATION.APPEND: {
        const whole = (held?.value ?? '') + value;
        if (whole.length > VALUE_BYTES_MAX) return answer(STATUS.VALUE_TOO_LARGE);
        return this.#rewrite(key, whole, `${whole.length}`);
      }
      case OPERATION.EXPIRE:
        return this.#expire(key, held, deadline);
      default:
        return this.#persist(key, held);
    }
  }

  #increment(key: string, held: HeldKey | undefined, by: string): Answer {
    const current = integerOf(held?.value ?? '0');
    const delta = integerOf(by);
    if (current === null || delta === null) return answer(STATUS.NOT_AN_INTEGER);
    const sum = current + delta;
    if (BigInt.asIntN(64, sum) !== sum) return answer(STATUS.OUT_OF_RANGE);
    return this.#rewrite(key, `${sum}`, `${sum}`);
  }

  #expire(key: string, held: HeldKey | undefined, deadline: number): Answer {
    if (held === undefined) return answer(STATUS.NOT_FOUND);
    const revision = ++this.revision;
    if (this.#isOver(deadline)) this.keys.delete(key);
    else this.keys.set(key, { ...held, revision, deadline });
    return answer(STATUS.OK, revision);
  }

  #persist(key: string, held: HeldKey | undefined): Answer {
    if (held === undefined) return answer(STATUS.NOT_FOUND);
    if (held.deadline === Number.POSITIVE_INFINITY) {
      return answer(STATUS.CONDITION_FAILED, held.revision);
    }
    const revision = ++this.revision;
    this.keys.set(key, { ...held, revision, deadline: Number.POSITIVE_INFINITY });
    return answer(STATUS.OK, revision);
  }

  #write({ key, flags, deadline: asked }: SpokenCommand, value: string): Answer {
    const held = this.keys.get(key);
    const keeps = (flags & KEEP_DEADLINE) !== 0 && held !== undefined;
    const given = (flags & DEADLINE) !== 0 ? asked : Number.POSITIVE_INFINITY;
    const deadline = keeps ? held.deadline : given;
    if (this.#isOver(deadline)) {
      if (held === undefined) return answer(STATUS.OK);
      this.keys.delete(key);
      return changed(++this.revision, flags, held);
    }
    const refusal = this.#refusalOf(key, value);
    if (refusal !== null) return refusal;
    const revision = ++this.revision;
    this.keys.set(key, { value, revision, deadline });
    return changed(revision, flags, held);
  }

  #rewrite(key: string, value: string, said: string): Answer {
    const refusal = this.#refusalOf(key, value);
    if (refusal !== null) return refusal;
    const deadline = this.keys.get(key)?.deadline ?? Number.POSITIVE_INFINITY;
    const revision = ++this.revision;
    this.keys.set(key, { value, revision, deadline });
    return answer(STATUS.VALUE, revision, said);
  }

  #refusalOf(key: string, value: string): Answer | null {
    if (value.length > VALUE_BYTES_MAX) return answer(STATUS.VALUE_TOO_LARGE);
    const held = this.keys.get(key);
    const raised = sizeOf(key, value) - (held === undefined ? 0 : sizeOf(key, held.value));
    const fits = raised <= 0 || this.logicalBytes + raised <= this.#settings.quotaBytes;
    return fits ? null : answer(STATUS.QUOTA_EXCEEDED);
  }
}

const sizeOf = (key: string, value: string): number => key.length + value.length + KEY_OVERHEAD;

/** What a retry is told of the answer that was kept. */
function told(kept: Answer): Answer {
  if (kept.value !== null) return kept;
  return answer(STATUS.APPLIED_RESULT_DROPPED, kept.revision);
}

function failed(held: HeldKey | undefined): Answer {
  if (held === undefined) return answer(STATUS.CONDITION_FAILED);
  return answer(STATUS.CONDITION_FAILED, held.revision, held.value);
}

function changed(revision: number, flags: number, before: HeldKey | undefined): Answer {
  if ((flags & RETURN_OLD) === 0 || before === undefined) return answer(STATUS.OK, revision);
  return answer(STATUS.VALUE, revision, before.value);
}

/** Null: it makes no sense. */
function splitSwap(value: string): { expected: string | null; next: string } | null {
  if (value.length < 4) return null;
  const bytes = latin(value.slice(0, 4));
  const length = new DataView(bytes.buffer).getUint32(0, true);
  if (length === ABSENT) return { expected: null, next: value.slice(4) };
  if (4 + length > value.length) return null;
  return { expected: value.slice(4, 4 + length), next: value.slice(4 + length) };
}

function integerOf(text: string): bigint | null {
  const bytes = latin(text);
  return parseI64(bytes, 0, bytes.length);
}

function latin(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
