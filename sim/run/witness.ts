/**
 * Tells the client oracle what clients ask and hear, for the keys whose values name their writer.
 *
 * It judges at every answer, and it sees what a linearizability checker cannot: the order of
 * requests within one connection's pipeline.
 */

import type { StoreCall } from '../check/linearizable/store.ts';
import { NOT_FOUND, OK } from '../check/linearizable/store.ts';
import { ABSENT_SERIAL, ClientOracle } from '../check/oracle.ts';

/** What the oracle must be told again when the answer comes. */
export interface Testimony {
  readonly key: number;
  readonly connection: number;
  /** Of a write; 0 for a read. */
  readonly serial: number;
  readonly floor: number;
  /** Of a read: how many writes were called before it. */
  readonly writesBefore: number;
}

export class Witness {
  readonly #oracle = new ClientOracle();
  readonly #keys = new Map<string, number>();
  /** Values without their padding, and the serials of the writes that made them. */
  readonly #serials = new Map<string, number>();

  /** Null: not a key or a call that the oracle can follow. */
  called(key: string, call: StoreCall, connection: number, at: number): Testimony | null {
    if (!key.startsWith('k')) return null;
    const number = this.#numberOf(key);
    if (call.name === 'get') {
      const { writeCount: writesBefore } = this.#oracle;
      return { key: number, connection, serial: 0, floor: this.#oracle.read(number), writesBefore };
    }
    if (call.name !== 'put' && call.name !== 'swap' && call.name !== 'delete') return null;
    const kind = call.name === 'delete' ? 'remove' : 'put';
    const serial = this.#oracle.write({ key: number, connection, at, kind });
    if (call.name !== 'delete') this.#serials.set(unpadded(call.value), serial);
    return { key: number, connection, serial, floor: 0, writesBefore: 0 };
  }

  answered(testimony: Testimony, call: StoreCall, result: string | null, at: number): void {
    const { key, connection, serial, floor, writesBefore } = testimony;
    if (call.name === 'get') {
      const shown = result === null ? ABSENT_SERIAL : (this.#serials.get(unpadded(result)) ?? -1);
      this.#oracle.answered({ key, connection, shown, floor, writesBefore, at });
    } else if (result === OK) this.#oracle.acknowledged(serial, at);
    else if (call.name === 'delete' && result === NOT_FOUND) this.#oracle.refused(serial);
    else if (call.name === 'swap') this.#oracle.refused(serial);
  }

  refused({ serial }: Testimony): void {
    if (serial > 0) this.#oracle.refused(serial);
  }

  #numberOf(key: string): number {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    this.#keys.set(key, this.#keys.size + 1);
    return this.#keys.size;
  }
}

const unpadded = (value: string): string => value.replace(/\.+$/, '');
