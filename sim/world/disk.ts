/**
 * A simulated disk: one node's data directory under the rules of src/core/disk.ts.
 *
 * 1. An operation has its whole effect when it completes; until then it may be lost. Data
 *    operations find their file when they are submitted (a file descriptor), or at the latest when
 *    they complete.
 * 2. `sync` and `write … sync` make durable what had completed when they were submitted (and the
 *    write itself), and nothing else.
 * 3. A crash delivers no completion to the next incarnation. `power`: operations in flight take
 *    place, take place in part or not at all; unsynced sectors and names are settled one by one.
 *    `process`: the kernel lives on; what had completed stays visible, and stays unsynced.
 * 4. Buffers handed over are frozen: a change is a violation (`frozenCheckEach`).
 *
 * What operations do is in disk-effects.ts, when they are done in disk-queue.ts, what a file
 * survives in disk-file.ts, damage to cold data in disk-damage.ts.
 */
import { InvariantViolation } from '../../src/base/assert.ts';
import { crc32c } from '../../src/base/crc32c.ts';
import type { DiskCode, DiskCompletion, DiskFile, DiskOperation } from '../../src/core/disk.ts';
import type { DiskPort } from '../../src/ports/disk.ts';
import type { DiskKnobs } from './config.ts';
import { type DamageSite, DiskEffects, type Submission } from './disk-effects.ts';
import type { CrashWeights, SimulatedFile } from './disk-file.ts';
import { DiskQueue, isSync } from './disk-queue.ts';
import type { FaultLedger } from './faults.ts';
import type { Scheduler } from './scheduler.ts';
import type { Stream } from './streams.ts';
import { eventKind, fingerprint } from './trace.ts';

const DISK_EVENT = eventKind('disk');
const THAWED = 'a buffer was changed between submission and completion of a write';

export type DiskPhase = 'submitted' | 'before-effect' | 'completed';
export type CrashKind = 'power' | 'process';

export interface DiskOptions {
  readonly node: number;
  readonly scheduler: Scheduler;
  readonly knobs: DiskKnobs;
  readonly faults: FaultLedger;
  /** Latencies, errors and crashes draw apart, so that none shifts the others. */
  readonly latencyStream: Stream;
  readonly errorStream: Stream;
  readonly crashStream: Stream;
  /** The fault atlas: false spares the site, for instance a quorum's last good copy. */
  readonly mayDamage: (site: DamageSite) => boolean;
  /** Where a violation by the node is reported. */
  readonly report: (error: unknown) => void;
}

interface Pending extends Submission {
  readonly ticket: number;
  readonly epoch: number;
  /** Of what is written, when it was submitted; null: nobody looks. */
  readonly crc: number | null;
}

export class SimulatedDisk implements DiskPort {
  readonly options: DiskOptions;
  private effects: DiskEffects;
  private submitted = 0;
  private readonly queue: DiskQueue;
  private readonly inFlight = new Set<Pending>();
  private epoch = 0;
  private freeKnown = 0;
  private freeKnownUntilUs = -1;
  /** Where completions go; the process sets it for each incarnation. */
  deliver: ((completion: DiskCompletion) => void) | null = null;
  /**
   * Named crash points: may crash the node at any phase of any operation. `code` is null before
   * the operation has completed; at `completed` the effect is there and nobody knows of it yet.
   */
  onOperation:
    | ((phase: DiskPhase, operation: DiskOperation, code: DiskCode | null) => void)
    | null = null;

  constructor(options: DiskOptions) {
    this.options = options;
    this.queue = new DiskQueue(options.knobs, options.latencyStream);
    this.effects = this.emptyDisk();
  }

  submit(ticket: number, operation: DiskOperation): void {
    const { scheduler, knobs, node } = this.options;
    const isWatched = ++this.submitted % knobs.frozenCheckEach === 0;
    const pending: Pending = {
      ...this.effects.open(operation),
      ticket,
      epoch: this.epoch,
      crc: isWatched ? crcOf(operation) : null,
    };
    if (pending.file !== null && isSync(operation)) pending.file.syncsInFlight++;
    this.inFlight.add(pending);
    const doneUs = this.queue.reserve(operation, scheduler.nowUs());
    scheduler.at(doneUs, DISK_EVENT, node, () => this.complete(pending));
    this.onOperation?.('submitted', operation, null);
  }

  freeBytes(): number {
    const now = this.options.scheduler.nowUs();
    if (now >= this.freeKnownUntilUs) {
      this.freeKnown = this.effects.freeBytes();
      this.freeKnownUntilUs = now + this.options.knobs.freeRefreshUs;
    }
    return this.freeKnown;
  }

  /** Operations submitted and not completed. */
  busy(): number {
    return this.inFlight.size;
  }

  /** The machine stops; rule 3. */
  crash(kind: CrashKind): void {
    const stream = this.options.crashStream;
    this.epoch++;
    const cut = stream.shuffle([...this.inFlight]);
    this.inFlight.clear();
    for (const pending of cut) {
      release(pending);
      if (stream.permille(this.options.knobs.inFlightKeptPermille)) this.cutShort(pending);
    }
    this.queue.reset();
    if (kind === 'power') this.losePower(stream);
  }

  /** Another, empty disk is put in. */
  wipe(): void {
    this.epoch++;
    this.inFlight.clear();
    this.queue.reset();
    this.effects = this.emptyDisk();
    this.freeKnownUntilUs = -1;
  }

  /** From now on every operation takes `permille` thousandths of its time; 1,000 is normal. */
  slow(permille: number): void {
    this.queue.slow(permille);
    if (permille > 1_000) this.options.faults.count('disk-slow', this.options.node);
  }

  /** Nothing completes before `untilUs`. */
  stall(untilUs: number): void {
    this.queue.stall(untilUs);
    this.options.faults.count('disk-stall', this.options.node);
  }

  /** Something else on the machine takes `bytes` of the disk, until told otherwise. */
  occupy(bytes: number): void {
    this.effects.occupy(bytes);
  }

  /** Files as programs see them, sorted by name. */
  files(): DiskFile[] {
    return this.effects.files();
  }

  find(name: string): SimulatedFile | null {
    return this.effects.directory.find(name);
  }

  /** Until the machine is started again no name can be changed. */
  isBroken(): boolean {
    return this.effects.directory.isBroken;
  }

  hasUnsyncedNames(): boolean {
    return this.effects.directory.hasUnsynced();
  }

  /** What survives the worst crash of files called so: names sorted, contents as on the platter. */
  durableFiles(prefix: string): { readonly name: string; readonly bytes: Uint8Array }[] {
    const { directory } = this.effects;
    return directory
      .durableNames()
      .filter((name) => name.startsWith(prefix))
      .map((name) => ({ name, bytes: directory.findDurable(name)!.durableBytes() }));
  }

  private complete(pending: Pending): void {
    const { scheduler, node } = this.options;
    if (pending.epoch !== this.epoch) return;
    const wakesAtUs = this.queue.wakesAtUs();
    if (scheduler.nowUs() < wakesAtUs) {
      scheduler.at(wakesAtUs, DISK_EVENT, node, () => this.complete(pending));
      return;
    }
    this.onOperation?.('before-effect', pending.operation, null);
    if (pending.epoch !== this.epoch) return;
    this.inFlight.delete(pending);
    release(pending);
    if (pending.crc !== null && crcOf(pending.operation) !== pending.crc) this.reportThaw();
    const { code, bytes, files } = this.effects.perform(pending);
    scheduler.note(fingerprint(bytes) ^ pending.ticket ^ Math.imul(code.length, 0x0100_0193));
    this.onOperation?.('completed', pending.operation, code);
    if (pending.epoch !== this.epoch) return;
    this.deliver?.({ ticket: pending.ticket, code, bytes, files });
  }

  /** An operation in flight reaches the cache; half of the syncs among them get no further. */
  private cutShort(pending: Pending): void {
    const { operation } = pending;
    const isBareWrite = this.options.crashStream.permille(500) && operation.kind === 'write';
    const reached = isBareWrite
      ? { ...pending, operation: { ...operation, sync: false } }
      : pending;
    this.effects.perform(reached);
  }

  private losePower(stream: Stream): void {
    const weights = this.drawWeights(stream);
    const keptNamesPermille = stream.pick([0, 500, 1_000]);
    for (const file of this.effects.directory.files()) file.losePower(weights, stream);
    this.effects.directory.losePower(stream, stream.permille(600), keptNamesPermille);
  }

  /** One crash in four keeps all, one in four drops all; the others follow the run's weights. */
  private drawWeights(stream: Stream): CrashWeights {
    switch (stream.below(4)) {
      case 0:
        return { keep: 1, drop: 0, garble: 0, reorder: 0 };
      case 1:
        return { keep: 0, drop: 1, garble: 0, reorder: 0 };
      default:
        return this.options.knobs.crash;
    }
  }

  private reportThaw(): void {
    this.options.report(new InvariantViolation('state-machine-safety', THAWED));
  }

  private emptyDisk(): DiskEffects {
    const { node, knobs, faults, errorStream, mayDamage } = this.options;
    return new DiskEffects({ node, knobs, faults, stream: errorStream, mayDamage });
  }
}

function release(pending: Pending): void {
  if (pending.file !== null && isSync(pending.operation)) pending.file.syncsInFlight--;
}

function crcOf(operation: DiskOperation): number {
  if (operation.kind !== 'write') return 0;
  let crc = 0;
  for (const part of operation.parts) crc = crc32c(part, 0, part.length, crc);
  return crc;
}
