/**
 * When a simulated disk's operations are done.
 *
 * The device serves up to `lanes` operations at a time. With one lane completions come in order of
 * submission; with more they overtake one another, also on one file. A slow disk multiplies every
 * latency; a stalled one completes nothing until it wakes.
 */
import type { DiskOperation } from '../../src/core/disk.ts';
import type { DiskKnobs } from './config.ts';
import type { Stream } from './streams.ts';

export class DiskQueue {
  private readonly knobs: DiskKnobs;
  private readonly stream: Stream;
  private laneFreeUs: number[] = [];
  private slownessPermille = 1_000;
  private stalledUntilUs = 0;

  constructor(knobs: DiskKnobs, stream: Stream) {
    this.knobs = knobs;
    this.stream = stream;
  }

  /** Takes a lane for an operation submitted now; returns when it will be done. */
  reserve(operation: DiskOperation, nowUs: number): number {
    const lanes = this.laneFreeUs;
    while (lanes.length < this.knobs.lanes) lanes.push(0);
    let best = 0;
    for (let at = 1; at < this.knobs.lanes; at++) {
      if (lanes[at]! < lanes[best]!) best = at;
    }
    const doneUs = Math.max(nowUs, lanes[best]!) + this.latencyUs(operation);
    lanes[best] = doneUs;
    return doneUs;
  }

  /** All lanes are free again: the machine was restarted. */
  reset(): void {
    this.laneFreeUs = [];
  }

  slow(permille: number): void {
    this.slownessPermille = permille;
  }

  stall(untilUs: number): void {
    this.stalledUntilUs = Math.max(this.stalledUntilUs, untilUs);
  }

  wakesAtUs(): number {
    return this.stalledUntilUs;
  }

  private latencyUs(operation: DiskOperation): number {
    const isFlush = isSync(operation) || operation.kind === 'sync-directory';
    const drawn = this.stream.delay(isFlush ? this.knobs.syncLatency : this.knobs.latency);
    const transferUs = Math.floor(bytesMoved(operation) / this.knobs.bytesPerUs);
    return Math.max(1, Math.floor(((drawn + transferUs) * this.slownessPermille) / 1_000));
  }
}

export const isSync = (operation: DiskOperation): boolean =>
  operation.kind === 'sync' || (operation.kind === 'write' && operation.sync);

function bytesMoved(operation: DiskOperation): number {
  if (operation.kind === 'read') return operation.length;
  if (operation.kind !== 'write') return 0;
  let size = 0;
  for (const part of operation.parts) size += part.length;
  return size;
}
