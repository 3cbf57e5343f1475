/**
 * A configuration of the search as words: [front, state, one bit a slot …, one byte a sort …].
 *
 * A slot's bit says that the operation open in it is placed; a sort's byte counts how many of its
 * members are spent.
 */
import type { Plan } from './plan.ts';

export const FRONT = 0;
export const STATE = 1;
const SLOTS = 2;

/** Words before the sorts' bytes: the part in which configurations must be equal to compare. */
export function fixedWords(plan: Plan<unknown>): number {
  return SLOTS + ((plan.slotCount + 31) >>> 5);
}

export function spentWords(plan: Plan<unknown>): number {
  return (plan.sorts.length + 3) >>> 2;
}

export function isPlaced(row: Int32Array, slot: number): boolean {
  return ((row[SLOTS + (slot >>> 5)]! >>> (slot & 31)) & 1) === 1;
}

export function markPlaced(row: Int32Array, slot: number): void {
  row[SLOTS + (slot >>> 5)]! |= 1 << (slot & 31);
}

export function clearPlaced(row: Int32Array, slot: number): void {
  row[SLOTS + (slot >>> 5)]! &= ~(1 << (slot & 31));
}

/** How many of a sort are spent. `spentAt` is where the sorts' bytes begin. */
export function spentOf(row: Int32Array, spentAt: number, sort: number): number {
  return (row[spentAt + (sort >>> 2)]! >>> ((sort & 3) * 8)) & 127;
}

export function spend(row: Int32Array, spentAt: number, sort: number): void {
  row[spentAt + (sort >>> 2)]! += 1 << ((sort & 3) * 8);
}
