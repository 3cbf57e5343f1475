/**
 * What happened, event by event: the rolling digest of a run and the record that finds the first
 * difference between two runs.
 *
 * 1. An event is its time, kind, node and whatever its components noted while it ran (frame and
 *    I/O contents, draws). Everything enters the digest in order.
 * 2. A digest proves equality between engines and between two runs of one version of the
 *    simulator. It says nothing over time.
 * 3. The recorder keeps 24 bytes an event, all of a run or the last `rowsMax` of it.
 */
import { assert } from '../../src/base/assert.ts';

/** A kind of event; make one constant per kind with `eventKind`. */
export interface EventKind {
  readonly name: string;
  readonly code: number;
}

export function eventKind(name: string): EventKind {
  let code = 0x811c_9dc5;
  for (let at = 0; at < name.length; at++) {
    code = Math.imul(code ^ name.charCodeAt(at), 0x0100_0193);
  }
  return { name, code: code >>> 0 };
}

export class Digest {
  private high = 0x243f_6a88;
  private low = 0x1319_8a2e;

  add(word: number): void {
    const low = Math.imul(this.low ^ word, 0x9e37_79b1);
    this.low = low ^ (low >>> 15);
    const high = Math.imul(this.high ^ this.low, 0x85eb_ca6b);
    this.high = ((high << 13) | (high >>> 19)) ^ word;
  }

  /** Any safe integer. */
  addWide(value: number): void {
    this.add(value | 0);
    this.add(Math.floor(value / 0x1_0000_0000));
  }

  /** The low half, as an unsigned word. */
  word(): number {
    return this.low >>> 0;
  }

  hex(): string {
    const half = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return half(this.high) + half(this.low);
  }
}

/** A cheap fingerprint: length, and up to 64 bytes from the start and 32 from the end. */
export function fingerprint(bytes: Uint8Array): number {
  let hash = Math.imul(bytes.length ^ 0x811c_9dc5, 0x0100_0193);
  const headEnd = Math.min(bytes.length, 64);
  for (let at = 0; at < headEnd; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
  for (let at = Math.max(headEnd, bytes.length - 32); at < bytes.length; at++) {
    hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
  }
  return hash >>> 0;
}

export interface TraceRow {
  /** Position in the run, from 0. */
  readonly event: number;
  readonly sequence: number;
  readonly timeUs: number;
  readonly kind: string;
  readonly node: number;
  /** Low half of the digest after the event. */
  readonly digest: number;
}

export class TraceRecorder {
  private readonly rowsMax: number;
  private readonly kinds: string[] = [];
  private readonly kindNumbers = new Map<string, number>();
  private times = new Float64Array(1_024);
  private sequences = new Float64Array(1_024);
  private digests = new Uint32Array(1_024);
  private kindsAndNodes = new Uint32Array(1_024);
  private recorded = 0;

  /** Keeps the last `rowsMax` rows; Infinity keeps all. */
  constructor(rowsMax: number) {
    assert(rowsMax >= 1, 'internal', 'a recorder keeps at least one row');
    this.rowsMax = rowsMax;
  }

  /** How many events have been recorded, kept or not. */
  length(): number {
    return this.recorded;
  }

  /** The first event that is still kept. */
  first(): number {
    return Math.max(0, this.recorded - this.rowsMax);
  }

  record(row: Omit<TraceRow, 'event' | 'kind'> & { readonly kind: EventKind }): void {
    const slot = this.recorded % this.rowsMax;
    if (slot >= this.times.length) this.grow();
    this.times[slot] = row.timeUs;
    this.sequences[slot] = row.sequence;
    this.digests[slot] = row.digest;
    this.kindsAndNodes[slot] = this.kindNumber(row.kind.name) * 0x1_0000 + row.node;
    this.recorded++;
  }

  /** The row of `event`, or null when it has not happened or is no longer kept. */
  row(event: number): TraceRow | null {
    if (event < this.first() || event >= this.recorded) return null;
    const slot = event % this.rowsMax;
    const kindAndNode = this.kindsAndNodes[slot]!;
    return {
      event,
      sequence: this.sequences[slot]!,
      timeUs: this.times[slot]!,
      kind: this.kinds[kindAndNode >>> 16]!,
      node: kindAndNode & 0xffff,
      digest: this.digests[slot]!,
    };
  }

  private kindNumber(name: string): number {
    const known = this.kindNumbers.get(name);
    if (known !== undefined) return known;
    this.kindNumbers.set(name, this.kinds.length);
    this.kinds.push(name);
    return this.kinds.length - 1;
  }

  private grow(): void {
    const rows = Math.min(this.times.length * 2, this.rowsMax);
    const times = new Float64Array(rows);
    const sequences = new Float64Array(rows);
    const digests = new Uint32Array(rows);
    const kindsAndNodes = new Uint32Array(rows);
    times.set(this.times);
    sequences.set(this.sequences);
    digests.set(this.digests);
    kindsAndNodes.set(this.kindsAndNodes);
    this.times = times;
    this.sequences = sequences;
    this.digests = digests;
    this.kindsAndNodes = kindsAndNodes;
  }
}

export interface Divergence {
  readonly event: number;
  /** The row of each run; null where that run had already ended. */
  readonly left: TraceRow | null;
  readonly right: TraceRow | null;
}

/** The first event in which two recorded runs differ; null when they agree to the end. */
export function firstDivergence(left: TraceRecorder, right: TraceRecorder): Divergence | null {
  const end = Math.max(left.length(), right.length());
  for (let event = Math.max(left.first(), right.first()); event < end; event++) {
    const a = left.row(event);
    const b = right.row(event);
    const agree =
      a !== null &&
      b !== null &&
      a.digest === b.digest &&
      a.timeUs === b.timeUs &&
      a.kind === b.kind &&
      a.node === b.node;
    if (!agree) return { event, left: a, right: b };
  }
  return null;
}
