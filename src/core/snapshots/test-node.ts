/** A snapshots machine on a test disk, and the little that a node does around it. */
import { align8, concatBytes } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import {
  groupId,
  logIndex,
  type Millis,
  millis,
  nodeId,
  type StoreId,
  type Term,
  term,
} from '../../base/units.ts';
import type { Member, SnapshotMeta } from '../types.ts';
import type { SnapshotsEvent } from './event.ts';
import { makeHeader } from './file-format.ts';
import { identityOf } from './files.ts';
import type { FileIdentity } from './message.ts';
import { clearSnapshotsOut, type LoadEnd, newSnapshotsOut, type SnapshotsOut } from './out.ts';
import {
  defaultSnapshotsConfig,
  type SnapshotsConfig,
  type SnapshotsState,
  wantsBytes,
} from './state.ts';
import { snapshots } from './step.ts';
import { TestDisk } from './test-disk.ts';

export const member = (id: number): Member => ({
  id: nodeId(id),
  store: id.toString(16).padStart(2, '0').repeat(16) as StoreId,
});

export const metaAt = (index: number): SnapshotMeta => ({
  group: groupId(1),
  index: logIndex(index),
  term: term(3),
  configuration: { voters: [member(1), member(2), member(3)], outgoing: [], learners: [] },
});

/** A message's body as a frame carries it. */
export function bodyOf(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = concatBytes(parts);
  return concatBytes([bytes, new Uint8Array(align8(bytes.length) - bytes.length)]);
}

/** Content that tells where it comes from. */
export function contentOf(index: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 7 + (at >>> 8) * 13 + index) & 255);
}

/** A whole file, as a node that saved `content` has it. */
export function fileOf(
  index: number,
  content: Uint8Array,
): { readonly bytes: Uint8Array; readonly identity: FileIdentity } {
  const crc = crc32c(content, 0, content.length);
  const header = makeHeader(metaAt(index), { bytes: content.length, crc });
  return { bytes: concatBytes([header.bytes, content]), identity: identityOf(header) };
}

/** Everything small, so that a short snapshot takes many steps. */
export const SMALL: SnapshotsConfig = {
  ...defaultSnapshotsConfig(groupId(1)),
  writeBytesMax: 256,
  bufferBytesMax: 512,
  unsyncedBytesMax: 1024,
  readBytesMax: 512,
  chunkBytesMax: 128,
  windowBytesMax: 512,
};

/** Names in the directory that the machine does not know. */
export function straysOf(node: TestNode): string[] {
  return node.names().filter((name) => !node.state.files.some((file) => file.name === name));
}

export class TestNode {
  readonly self: Member;
  readonly config: SnapshotsConfig;
  readonly disk: TestDisk;
  state: SnapshotsState;
  now: Millis = millis(0);
  readonly out: SnapshotsOut = newSnapshotsOut();
  /** What the last load handed out since `loadBegun`. */
  loaded: Uint8Array[] = [];
  /** Called with the outbox of every step, before it is cleared. */
  observe: (out: SnapshotsOut) => void = () => {};
  saved = 0;
  loadEnd: LoadEnd | null = null;

  constructor(id: number, config: SnapshotsConfig = SMALL) {
    this.self = member(id);
    this.config = config;
    this.disk = new TestDisk(id);
    this.state = snapshots.init(config);
  }

  step(event: SnapshotsEvent): void {
    const { out } = this;
    clearSnapshotsOut(out);
    snapshots.step(this.state, event, this.now, out);
    snapshots.check(this.state);
    this.disk.submit(out.submissions);
    if (out.loadBegun) this.loaded = [];
    this.loaded.push(...out.loaded);
    if (out.saved !== null) this.saved = out.saved.index;
    if (out.loadDone !== null) this.loadEnd = out.loadDone;
    this.observe(out);
  }

  /** One disk operation; false if there was none. */
  stepDisk(isShuffled = false): boolean {
    const completion = this.disk.complete(isShuffled);
    if (completion !== null) this.step({ kind: 'disk', completion });
    return completion !== null;
  }

  /** Until the disk has nothing to do, or has answered `operationsMax` times. */
  settle(operationsMax = Number.POSITIVE_INFINITY): void {
    for (let done = 0; done < operationsMax; done++) if (!this.stepDisk()) return;
  }

  open(mark: number): void {
    this.step({ kind: 'open', mark: logIndex(mark) });
    this.settle();
  }

  /** What a restarted process sees. */
  restart(mark: number): void {
    this.state = snapshots.init(this.config);
    this.open(mark);
  }

  /** Saves `content` in pieces; the disk keeps pace. True: it was saved. */
  save(index: number, content: Uint8Array): boolean {
    this.saved = 0;
    this.step({ kind: 'save-begin', meta: metaAt(index) });
    for (let at = 0; at < content.length; at += 100) {
      while (!wantsBytes(this.state) && this.stepDisk());
      if (!wantsBytes(this.state)) break;
      this.step({ kind: 'save', bytes: content.subarray(at, Math.min(at + 100, content.length)) });
    }
    this.step({ kind: 'save-end' });
    this.settle();
    return this.saved === index;
  }

  /** The content at `index`, if it is right. */
  load(index: number): { readonly end: LoadEnd; readonly content: Uint8Array } {
    this.loadEnd = null;
    this.step({ kind: 'load', index: logIndex(index) });
    this.settle();
    return { end: this.loadEnd!, content: concatBytes(this.loaded) };
  }

  release(index: number): void {
    this.step({ kind: 'release', index: logIndex(index) });
  }

  send(to: Member, ofTerm: Term = term(3)): void {
    this.step({ kind: 'send', to, term: ofTerm });
  }

  /** Every name in the directory. */
  names(): string[] {
    return [...this.disk.files().keys()].sort();
  }
}
