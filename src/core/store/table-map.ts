/**
 * A table as a scout sees it: the slots of its shards and the regions of its records, each as an array
 * and as the place where it begins.
 *
 * 1. Slots are looked at anew before each use (`refresh`): a shard that was resized has others. Whoever
 *    reads them has done so when the call is over; between calls nobody knows a place but the map, which
 *    holds the array too.
 * 2. What was found of a shard holds for as long as no slot of it has shifted (`isAsFound`).
 * 3. `findInMap` is what a scout's `find` answers, one key at a time.
 */
import { type FoundKeys, NO_SLOT, type Scout, type ScoutedTable } from '../../base/scout.ts';
import { type Blocks, UNIT_BYTES } from './blocks.ts';
import { recordKeyAt, recordKeyBytes } from './record.ts';
import { SHARDS, type Shard, shardOf } from './shard.ts';

const TWO_32 = 0x1_0000_0000;

export class TableMap implements ScoutedTable {
  readonly slots: Uint32Array[] = [];
  readonly slotPlaces = new Float64Array(SHARDS);
  readonly capacities = new Float64Array(SHARDS);
  readonly lengths = new Float64Array(SHARDS);
  readonly #shifts = new Float64Array(SHARDS);
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
      this.#shifts[at] = shard.shifts;
      if (this.slots[at] === shard.slots) continue;
      this.slots[at] = shard.slots;
      this.slotPlaces[at] = scout.placeOf(shard.slots);
      this.capacities[at] = shard.capacity;
      this.lengths[at] = shard.length;
    }
  }

  /** Whether every key of a shard is in the slot in which it was after `refresh`. */
  isAsFound(shard: number): boolean {
    return this.#shards[shard]!.shifts === this.#shifts[shard];
  }
}

/** As Shard.home says it. */
function homeIn({ capacities }: ScoutedTable, high: number): number {
  return Math.floor((((high << 6) >>> 0) * capacities[shardOf(high)]!) / TWO_32);
}

/** Finds a key for row `row` of `found`, where its hash is already. */
export function findInMap(
  table: ScoutedTable,
  key: Uint8Array,
  found: FoundKeys,
  row: number,
): void {
  const high = found.high[row]!;
  const slots = table.slots[shardOf(high)]!;
  let at = 2 * homeIn(table, high);
  while (at < slots.length && slots[at + 1] !== 0 && slots[at]! < high) at += 2;
  const isAtHash = (): boolean => at < slots.length && slots[at + 1] !== 0 && slots[at] === high;
  found.slot[row] = isAtHash() ? NO_SLOT : at >>> 1;
  found.address[row] = 0;
  for (; isAtHash(); at += 2) {
    if (!isKeyOf(table, slots[at + 1]!, key)) continue;
    found.slot[row] = at >>> 1;
    found.address[row] = slots[at + 1]!;
    return;
  }
}

function isKeyOf(table: ScoutedTable, address: number, key: Uint8Array): boolean {
  const region = table.regions[address >>> table.unitShift]!;
  const at = (address & (2 ** table.unitShift - 1)) * UNIT_BYTES;
  if (recordKeyBytes(region, at) !== key.length) return false;
  const keyAt = recordKeyAt(region, at);
  return key.every((byte, place) => region[keyAt + place] === byte);
}
