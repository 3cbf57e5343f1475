/**
 * A binary min-heap (Knuth 6.2.3; Williams 1964): push and pop in O(log n), peek in O(1).
 *
 *            0            a parent never sorts after its children;
 *         1     2         the children of slot i are in slots 2i + 1 and 2i + 2
 *        3 4   5 6
 *
 * The comparator must be a total order in which no two items that are in the heap together are
 * equal (add a sequence number): then what comes out depends on what went in and on nothing else,
 * least of all on the order of pushes.
 *
 * It deliberately cannot remove from the middle: an owner whose items go stale marks them, and
 * drops them when they surface.
 */
export class Heap<Item> {
  readonly #compare: (left: Item, right: Item) => number;
  readonly #items: Item[] = [];

  /** `compare` answers negative when `left` is to come out before `right`. */
  constructor(compare: (left: Item, right: Item) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The item that comes out next, or null. */
  peek(): Item | null {
    return this.#items.length === 0 ? null : this.#items[0]!;
  }

  push(item: Item): void {
    const items = this.#items;
    let slot = items.length;
    items.push(item);
    while (slot > 0) {
      const parent = (slot - 1) >>> 1;
      if (this.#compare(items[parent]!, item) <= 0) break;
      items[slot] = items[parent]!;
      slot = parent;
    }
    items[slot] = item;
  }

  /** Takes the least item out, or answers null. */
  pop(): Item | null {
    const items = this.#items;
    if (items.length === 0) return null;
    const least = items[0]!;
    const last = items.pop()!;
    if (items.length > 0) this.#sink(last);
    return least;
  }

  clear(): void {
    this.#items.length = 0;
  }

  /** Puts `item` where the root was and moves smaller children up until it has its place. */
  #sink(item: Item): void {
    const items = this.#items;
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= items.length) break;
      const other = child + 1;
      if (other < items.length && this.#compare(items[other]!, items[child]!) < 0) child = other;
      if (this.#compare(item, items[child]!) <= 0) break;
      items[slot] = items[child]!;
      slot = child;
    }
    items[slot] = item;
  }
}
