/**
 * How often values fell between which edges: what a histogram of an operator is made of.
 *
 * Counting costs a search and an addition; nothing is allocated. It decides nothing.
 */
import { assert } from './assert.ts';

export class Distribution {
  /** Ascending; a value belongs to the first edge that is not below it. */
  readonly edges: readonly number[];
  /** By edge, and one more for what is above all of them. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(edges: readonly number[]) {
    assert(edges.length > 0, 'internal', 'a distribution without edges');
    this.edges = edges;
    this.counts = new Float64Array(edges.length + 1);
  }

  note(value: number, count = 1): void {
    let at = 0;
    while (at < this.edges.length && value > this.edges[at]!) at++;
    this.counts[at]! += count;
    this.sum += count * value;
  }
}
