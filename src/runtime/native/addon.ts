/**
 * What crosses the border to the native helper's addon (native/addon). Arguments are checked on this
 * side; the addon trusts them, and ends the process where they are of the wrong kind.
 */

import type { FoundKeys, Scout, ScoutedTable } from '../../base/scout.ts';
import type { NetBinding } from './net-binding.ts';

declare const diskHandle: unique symbol;
/** An open disk of the addon's. */
export type DiskHandle = { readonly [diskHandle]: true };

declare const loadHandle: unique symbol;
/** A running load of the addon's. */
export type LoadHandle = { readonly [loadHandle]: true };

/** What Scout's `find` is told of keys. */
type SoughtKeys =
  Parameters<Scout['find']> extends [...infer Keys, ScoutedTable, FoundKeys] ? Keys : never;

export interface Addon {
  readonly version: number;
  /** Of bytes [from, to). */
  crc32c(bytes: Uint8Array, from: number, to: number, seed: number): number;
  /** Writes the hash, little-endian, into the eight bytes of `into`. */
  wyhash(bytes: Uint8Array, seedHigh: number, seedLow: number, into: Uint8Array): void;
  readonly checksum: Scout['checksum'];
  readonly placeOf: Scout['placeOf'];
  /** Scout's `find`, told of the table's places alone. */
  findKeys(
    ...told: [
      ...keys: SoughtKeys,
      slotPlaces: Float64Array,
      capacities: Float64Array,
      lengths: Float64Array,
      regionPlaces: Float64Array,
      unitShift: number,
      high: Uint32Array,
      low: Uint32Array,
      slots: Uint32Array,
      addresses: Uint32Array,
    ]
  ): void;
  /** Null: no memory, or this Node allows none that is not its own. */
  allocateRegion(bytes: number): ArrayBuffer | null;
  /** A number is the machine's number of an error. Flat arrays and rows: native/addon/disk.cc. */
  diskOpen(
    directory: string,
    hiddenFile: string,
    results: Float64Array,
    deliver: (count: number, files: readonly (string | number)[]) => void,
  ): DiskHandle | number;
  diskSubmit(handle: DiskHandle, operations: readonly unknown[]): void;
  diskFreeBytes(handle: DiskHandle): number;
  /** 1 while all its threads run. */
  diskIsUp(handle: DiskHandle): number;
  /** Durable writes that went past the page cache. */
  diskDirectWrites(handle: DiskHandle): number;
  /** Waits for what is running. The handle is void afterwards. */
  diskClose(handle: DiskHandle): void;
  /** A number is the machine's number of an error. Flat arrays: native/addon/load.cc. */
  loadStart(
    plan: Float64Array,
    shares: Float64Array,
    hosts: readonly string[],
    onEnd: () => void,
  ): LoadHandle | number;
  /** Requests that have found their end so far. */
  loadAnswered(handle: LoadHandle): number;
  /** Once `onEnd` was called. */
  loadRead(handle: LoadHandle, into: Float64Array): readonly (string | number)[];
  /** Ends what still runs. The handle is void afterwards. */
  loadClose(handle: LoadHandle): void;
  readonly net: NetBinding;
}
