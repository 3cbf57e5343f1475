/**
 * What one operation does to a simulated disk, and the errors it may run into.
 *
 * 1. Every effect gets the next stamp; a sync reaches as far as the newest stamp at its submission.
 * 2. A write that fails (EIO, ENOSPC) leaves behind any prefix of its bytes.
 * 3. A misdirected write lands a whole number of sectors away in the same file, and a misdirected
 *    read comes from there; a place that the fault atlas spares is left alone. A disk that has read
 *    from elsewhere is as a rule to do so again soon: whoever reads twice may be wronged twice.
 * 4. Rates of nought draw as well, so that the other errors keep their places.
 */
import { unreachable } from '../../src/base/assert.ts';
import { concatBytes } from '../../src/base/bytes.ts';
import type { DiskCode, DiskFile, DiskOperation } from '../../src/core/disk.ts';
import type { DiskKnobs } from './config.ts';
import { SimulatedFile } from './disk-file.ts';
import { SECTOR_BYTES } from './disk-image.ts';
import { Directory } from './disk-names.ts';
import type { FaultLedger } from './faults.ts';
import type { Stream } from './streams.ts';

type NameOperation = Extract<
  DiskOperation,
  { readonly kind: 'rename' | 'remove' | 'sync-directory' }
>;
type Write = Extract<DiskOperation, { readonly kind: 'write' }>;
type Read = Extract<DiskOperation, { readonly kind: 'read' }>;

/** A place on a disk that a fault is about to spoil. */
export interface DamageSite {
  readonly node: number;
  readonly kind:
    | 'bit-rot'
    | 'value-rot'
    | 'zeroed-sector'
    | 'latent-sector'
    | 'foreign-sector'
    | 'misdirected-write';
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** What an operation finds when it is submitted: how far it reaches, and its open file. */
export interface Submission {
  readonly operation: DiskOperation;
  readonly reach: number;
  readonly file: SimulatedFile | null;
  readonly size: number;
}

export interface Outcome {
  readonly code: DiskCode;
  readonly bytes: Uint8Array;
  readonly files: readonly DiskFile[];
}

export interface EffectsOptions {
  readonly node: number;
  readonly knobs: DiskKnobs;
  readonly faults: FaultLedger;
  readonly stream: Stream;
  /** The fault atlas: false spares the site, for instance a quorum's last good copy. */
  readonly mayDamage: (site: DamageSite) => boolean;
}

/** Of the reads behind a misdirected one, and how much more likely each of them is one, too. */
const WEAK_READS_MAX = 400;
const WEAK_FACTOR = 50;

const NO_BYTES = new Uint8Array(0);
const outcome = (code: DiskCode): Outcome => ({ code, bytes: NO_BYTES, files: [] });

export class DiskEffects {
  readonly directory = new Directory();
  private readonly options: EffectsOptions;
  private stamp = 0;
  /** Bytes that something else on the machine takes. */
  private foreignBytes = 0;
  private weakReads = 0;

  constructor(options: EffectsOptions) {
    this.options = options;
  }

  open(operation: DiskOperation): Submission {
    const name = dataFileOf(operation);
    const file = name === null ? null : this.directory.find(name);
    return { operation, reach: this.stamp, file, size: file === null ? 0 : file.size() };
  }

  freeBytes(): number {
    const used = this.directory.usedBytes() + this.foreignBytes;
    return Math.max(0, this.options.knobs.capacityBytes - used);
  }

  occupy(bytes: number): void {
    this.foreignBytes = bytes;
  }

  /** Files as programs see them, sorted by name. */
  files(): DiskFile[] {
    const { directory } = this;
    return directory.names().map((name) => ({ name, bytes: directory.find(name)!.size() }));
  }

  perform(submission: Submission): Outcome {
    const { operation } = submission;
    switch (operation.kind) {
      case 'create':
        return this.create(operation.file, operation.bytes);
      case 'write':
        return this.write(submission, operation);
      case 'read':
        return this.read(submission, operation);
      case 'sync':
        return this.sync(submission, operation.file);
      case 'rename':
      case 'remove':
      case 'sync-directory':
        return this.directory.isBroken ? outcome('EIO') : this.changeNames(submission, operation);
      case 'list':
        return { ...outcome('OK'), files: this.options.stream.shuffle(this.files()) };
      default:
        return unreachable(operation);
    }
  }

  private changeNames(submission: Submission, operation: NameOperation): Outcome {
    switch (operation.kind) {
      case 'rename':
        return found(this.directory.rename(operation.source, operation.target, ++this.stamp));
      case 'remove':
        return found(this.directory.remove(operation.file, ++this.stamp));
      case 'sync-directory':
        return this.syncDirectory(submission.reach);
      default:
        return unreachable(operation);
    }
  }

  private create(name: string, bytes: number): Outcome {
    if (this.strikes('disk-write-error', this.options.knobs.writeErrorPpm)) return outcome('EIO');
    const existing = this.directory.find(name);
    if (existing === null && this.directory.isBroken) return outcome('EIO');
    const growth = bytes - (existing === null ? 0 : existing.size());
    if (growth > 0 && growth > this.freeBytes()) return this.outOfSpace();
    const file = existing ?? new SimulatedFile();
    file.extend(bytes);
    this.stamp++;
    if (existing === null) this.directory.create(name, file, this.stamp);
    return outcome('OK');
  }

  private write(submission: Submission, operation: Write): Outcome {
    const file = submission.file ?? this.directory.find(operation.file);
    if (file === null) return outcome('ENOENT');
    const { knobs, stream } = this.options;
    const { parts } = operation;
    const bytes = parts.length === 1 ? parts[0]! : concatBytes(parts);
    const stamp = ++this.stamp;
    const isFailing = this.strikes('disk-write-error', knobs.writeErrorPpm);
    const isRefused = this.strikes('disk-no-space', knobs.noSpacePpm);
    const room = this.room(file, operation.offset, bytes.length);
    if (isFailing || isRefused || room < bytes.length) {
      const written = stream.below(room + 1);
      file.write(operation.offset, bytes.subarray(0, written), stamp);
      return isFailing ? outcome('EIO') : this.outOfSpace();
    }
    const offset = this.aim(file, operation, bytes.length);
    file.write(offset, bytes, stamp);
    if (!operation.sync) return outcome('OK');
    const size = Math.max(submission.size, offset + bytes.length);
    return this.syncFile(file, { through: submission.reach, own: stamp }, size);
  }

  private read(submission: Submission, operation: Read): Outcome {
    const { knobs, stream } = this.options;
    const file = submission.file ?? this.directory.find(operation.file);
    if (file === null) return outcome('ENOENT');
    if (this.strikes('disk-read-error', knobs.readErrorPpm)) return outcome('EIO');
    let { offset } = operation;
    if (this.strikes('disk-misdirected-read', this.misdirectedPpm())) {
      offset = this.elsewhere(file, offset, operation.length);
      this.weakReads = stream.below(WEAK_READS_MAX);
    }
    const bytes = file.read(offset, operation.length, operation.fresh);
    return bytes === null ? outcome('EIO') : { code: 'OK', bytes, files: [] };
  }

  private misdirectedPpm(): number {
    const { misdirectedReadPpm } = this.options.knobs;
    if (this.weakReads === 0) return misdirectedReadPpm;
    this.weakReads--;
    return Math.min(1_000_000, misdirectedReadPpm * WEAK_FACTOR);
  }

  private sync(submission: Submission, name: string): Outcome {
    const file = submission.file ?? this.directory.find(name);
    if (file === null) return outcome('ENOENT');
    return this.syncFile(file, { through: submission.reach, own: 0 }, submission.size);
  }

  private syncFile(
    file: SimulatedFile,
    reach: { readonly through: number; readonly own: number },
    size: number,
  ): Outcome {
    const { knobs, stream } = this.options;
    if (this.strikes('disk-sync-error', knobs.syncErrorPpm)) {
      file.failSync(reach, stream, stream.permille(500));
      return outcome('EIO');
    }
    file.sync(reach, size);
    return outcome('OK');
  }

  private syncDirectory(reach: number): Outcome {
    if (this.strikes('disk-sync-error', this.options.knobs.syncErrorPpm)) {
      this.directory.failSync(reach, this.options.stream);
      return outcome('EIO');
    }
    this.directory.sync(reach);
    return outcome('OK');
  }

  /** How many of `length` bytes at `offset` the disk has room for. */
  private room(file: SimulatedFile, offset: number, length: number): number {
    const growth = offset + length - file.size();
    if (growth <= 0) return length;
    return Math.max(0, Math.min(length, length - growth + this.freeBytes()));
  }

  /** Where a write lands: where it should or, once in a while, somewhere else in the file. */
  private aim(file: SimulatedFile, operation: Write, length: number): number {
    const { stream, knobs, mayDamage, node } = this.options;
    if (!stream.ppm(knobs.misdirectedWritePpm)) return operation.offset;
    const offset = this.elsewhere(file, operation.offset, length);
    if (offset === operation.offset) return offset;
    const site = { node, kind: 'misdirected-write', file: operation.file, length } as const;
    const isAllowed =
      mayDamage({ ...site, offset }) && mayDamage({ ...site, offset: operation.offset });
    if (!isAllowed) return operation.offset;
    const detail = (): string => `${operation.file} at ${offset} instead of ${operation.offset}`;
    this.options.faults.count('disk-misdirected-write', node, detail);
    return offset;
  }

  /** Another offset, a whole number of sectors away, at which `length` bytes lie in the file. */
  private elsewhere(file: SimulatedFile, offset: number, length: number): number {
    const within = offset % SECTOR_BYTES;
    const places = Math.floor((file.size() - within - length) / SECTOR_BYTES) + 1;
    if (places < 1) return offset;
    return this.options.stream.below(places) * SECTOR_BYTES + within;
  }

  private outOfSpace(): Outcome {
    this.options.faults.count('disk-full', this.options.node);
    return outcome('ENOSPC');
  }

  /** Draws a fault of this rate; one that strikes is counted. */
  private strikes(kind: string, ppm: number): boolean {
    if (!this.options.stream.ppm(ppm)) return false;
    this.options.faults.count(kind, this.options.node);
    return true;
  }
}

const found = (isFound: boolean): Outcome => outcome(isFound ? 'OK' : 'ENOENT');

function dataFileOf(operation: DiskOperation): string | null {
  const { kind } = operation;
  return kind === 'write' || kind === 'read' || kind === 'sync' ? operation.file : null;
}
