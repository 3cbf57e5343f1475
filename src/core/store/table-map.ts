/**
 * A table as a scout sees it: the slots of its shards and the regions of its records, each as an array
 * and as the place where it begins.
 *
 * 1. Slots are looked at anew before each use (`refresh`): a shard that was resized has others. Whoever
 *    reads them has done so when the call is over; between calls nobody knows a place but the map, which
 *    holds the array too.
 * 2. `findInMap` is what a scout's `find` answers, one key at a time.
 */
import type { Scout, ScoutedTable } from '../../base/scout.ts';
import { type Blocks, UNIT_BYTES } from './blocks.ts';
import { recordKeyAt, recordKeyBytes } from './record.ts';
import { SHARDS, type Shard, shardOf } from './shard.ts';

const SLOT_BYTES = 8;
const TWO_32 = 0x1_0000_0000;

export class TableMap implements ScoutedTable {
  readonly slots: Uint32Array[] = [];
  readonly slotPlaces = new Float64Array(SHARDS);
  readonly capacities = new Float64Array(SHARDS);
  readonly lengths = new Float64Array(SHARDS);
  readonly #shards: readonly Shard[];
  readonly #blocks: Blocks;

  constructor(shards: readonly Shard[], blocks: Blocks) {
    this.#shards = shards;
    this.#blocks = blocks;
  }

  get regions(): readonly Uint8Array[] {
    return this.#blocks.regions;
  }

  get regionPlaces(): Float64Array {
    return this.#blocks.regionPlaces;
  }

  get unitShift(): number {
    return this.#blocks.unitShift;
  }

  refresh(scout: Scout): void {
    for (let at = 0; at < SHARDS; at++) {
      const shard = this.#shards[at]!;
      if (this.slots[at] === shard.slots) continue;
      this.slots[at] = shard.slots;
      this.slotPlaces[at] = scout.placeOf(shard.slots);
      this.capacities[at] = shard.capacity;
      this.lengths[at] = shard.length;
    }
  }

  /** Where the home slot of this upper half of h is. */
  placeOfHome(high: number): number {
    const at = shardOf(high);
    return this.slotPlaces[at]! + SLOT_BYTES * homeIn(this, high);
  }
}

/** As Shard.home says it. */
function homeIn({ capacities }: ScoutedTable, high: number): number {
  return Math.floor((((high << 6) >>> 0) * capacities[shardOf(high)]!) / TWO_32);
}

/** The address of the record of a key, of whose hash this is the upper half; 0: none. */
export function findInMap(table: ScoutedTable, high: number, key: Uint8Array): number {
  const slots = table.slots[shardOf(high)]!;
  let at = 2 * homeIn(table, high);
  while (at < slots.length && slots[at + 1] !== 0 && slots[at]! < high) at += 2;
  for (; at < slots.length && slots[at + 1] !== 0 && slots[at] === high; at += 2) {
    if (isKeyOf(table, slots[at + 1]!, key)) return slots[at + 1]!;
  }
  return 0;
}

function isKeyOf(table: ScoutedTable, address: number, key: Uint8Array): boolean {
  const region = table.regions[address >>> table.unitShift]!;
  const at = (address & (2 ** table.unitShift - 1)) * UNIT_BYTES;
  if (recordKeyBytes(region, at) !== key.length) return false;
  const keyAt = recordKeyAt(region, at);
  return key.every((byte, place) => region[keyAt + place] === byte);
}
