/** A lone disk under test: submit, run to completion, crash. */
import { assert } from '../../src/base/assert.ts';
import type { DiskCompletion, DiskOperation } from '../../src/core/disk.ts';
import { calmWorldConfig, type DiskKnobs } from './config.ts';
import { SimulatedDisk } from './disk.ts';
import type { DamageSite } from './disk-effects.ts';
import { FaultLedger } from './faults.ts';
import { Scheduler } from './scheduler.ts';
import { Streams } from './streams.ts';

export class DiskFixture {
  readonly scheduler = new Scheduler();
  readonly faults = new FaultLedger(() => this.scheduler.nowUs());
  readonly completions: DiskCompletion[] = [];
  readonly reported: unknown[] = [];
  readonly knobs: DiskKnobs;
  readonly disk: SimulatedDisk;
  /** What the fault atlas answers. */
  mayDamage: (site: DamageSite) => boolean = () => true;
  private tickets = 0;

  constructor(seed: string, knobs: Partial<DiskKnobs>) {
    const streams = new Streams(seed);
    this.knobs = { ...calmWorldConfig().disk, ...knobs };
    this.disk = new SimulatedDisk({
      node: 1,
      scheduler: this.scheduler,
      knobs: this.knobs,
      faults: this.faults,
      latencyStream: streams.stream('disk:1'),
      errorStream: streams.stream('disk-error:1'),
      crashStream: streams.stream('disk-crash:1'),
      mayDamage: (site) => this.mayDamage(site),
      report: (error) => this.reported.push(error),
    });
    this.disk.deliver = (completion) => this.completions.push(completion);
  }

  submit(operation: DiskOperation): number {
    this.disk.submit(++this.tickets, operation);
    return this.tickets;
  }

  /** Submits and waits for the completion. */
  run(operation: DiskOperation): DiskCompletion {
    const ticket = this.submit(operation);
    for (;;) {
      const done = this.completions.find((completion) => completion.ticket === ticket);
      if (done !== undefined) return done;
      assert(this.scheduler.step(), 'internal', 'the operation was never completed');
    }
  }

  /** A named file of `bytes` zeros that survives anything. */
  prepare(file: string, bytes: number): void {
    this.run({ kind: 'create', file, bytes });
    this.run({ kind: 'sync', file });
    this.run({ kind: 'sync-directory' });
  }

  write(file: string, offset: number, bytes: Uint8Array, sync: boolean): DiskCompletion {
    return this.run({ kind: 'write', file, offset, parts: [bytes], sync });
  }

  read(file: string, offset: number, length: number): Uint8Array {
    return this.run({ kind: 'read', file, offset, length, fresh: false }).bytes;
  }

  /** Crashes, then reads as the next incarnation would. */
  readAfterCrash(file: string, offset: number, length: number): Uint8Array {
    this.disk.crash('power');
    return this.read(file, offset, length);
  }
}

export const filled = (length: number, byte: number): Uint8Array =>
  new Uint8Array(length).fill(byte);
