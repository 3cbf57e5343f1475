/**
 * What a client under a session asks again, under the same sequence, until it is told: a refusal
 * says that the request was not executed this time, and nothing about the time before.
 */
import type { ErrorCode } from '../../src/base/errors.ts';

/** Whoever hears one of these asks again. */
const PASSING: ReadonlySet<string> = new Set<ErrorCode>([
  'UNAVAILABLE',
  'UNCERTAIN',
  'OVERLOADED',
  'STORES_MISSING',
]);

const TRIES_MAX = 40;

export interface Retried {
  readonly sequence: number;
  readonly view: { readonly session: number };
  tries: number;
}

export class Retries<Asked extends Retried> {
  #waiting: Asked[] = [];

  get waiting(): readonly Asked[] {
    return this.#waiting;
  }

  /** Whether the request waits to be asked again; else what it was told is its end. */
  keep(asked: Asked, session: number, code: string): boolean {
    const isSame = asked.sequence > 0 && asked.view.session === session;
    if (!isSame || !PASSING.has(code) || ++asked.tries > TRIES_MAX) return false;
    this.#waiting.push(asked);
    return true;
  }

  /** Those to be asked again now, oldest first. */
  take(): Asked[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.sort((left, right) => left.sequence - right.sequence);
  }
}
