/**
 * How bytes become a snapshot file: one stage after the other, one disk operation at a time.
 *
 *   clear → create → write … → seal → sync → verify … → rename → sync-directory → landed
 *
 * 1. clear: what an earlier attempt left under the temporary name goes first, for `create` does not
 *    shorten a file.
 * 2. seal: the header of an own file is written when all the content is. An incoming file brings
 *    its header along.
 * 3. verify: the file is read back past the cache. The log below a snapshot is thrown away on the
 *    strength of it, so a write that went astray must show now and not at the next start.
 * 4. No rename before the sync, no `landed` before the directory's: a crash at any point leaves
 *    the old files, and the new one whole or under no name that anybody reads.
 * 5. Too little room gives the file up. A failed write or sync stops the node: it says nothing
 *    about what the disk holds.
 */
import { assert, unreachable } from '../../base/assert.ts';
import { type Failure, failure } from '../../base/errors.ts';
import type { LogIndex } from '../../base/units.ts';
import type { DiskCompletion, DiskOperation } from '../disk.ts';
import type { FileHeader } from './file-format.ts';
import { identityOf, keepFile } from './files.ts';
import { type FileIdentity, sameFile } from './message.ts';
import { snapshotFile } from './names.ts';
import type { SnapshotsOut } from './out.ts';
import { newScan, nextRead, takeRead } from './scan.ts';
import { fail, isNaming, type SnapshotsState, submit } from './state.ts';
import type { Landing, Lane } from './work.ts';

/** What a completion means to whoever began the landing. */
export type LandingNews =
  | { readonly kind: 'none' }
  | { readonly kind: 'written' }
  | { readonly kind: 'landed'; readonly header: FileHeader }
  | { readonly kind: 'given-up'; readonly failure: Failure };

const NO_NEWS: LandingNews = { kind: 'none' };

/** Puts a new landing on the lane; one that was there must have been given up. */
export function beginLanding(
  lane: Lane,
  begin: {
    readonly index: LogIndex;
    /** Where the first queued byte goes. */
    readonly offset: number;
    readonly expected: FileIdentity | null;
  },
): void {
  assert(lane.landing === null, 'internal', 'two files in one lane');
  lane.landing = {
    index: begin.index,
    stage: 'clear',
    queue: [],
    queuedBytes: 0,
    writingBytes: 0,
    writtenBytes: begin.offset,
    unsyncedBytes: 0,
    isComplete: false,
    isSynced: false,
    expected: begin.expected,
    header: null,
    scan: null,
  };
}

export function queueBytes(landing: Landing, bytes: Uint8Array): void {
  assert(!landing.isComplete, 'internal', 'bytes after the end');
  if (bytes.length === 0) return;
  landing.queue.push(bytes);
  landing.queuedBytes += bytes.length;
}

/** False: it is too late. */
export function giveUpLanding(lane: Lane): boolean {
  if (isNaming(lane)) return false;
  lane.landing = null;
  return true;
}

/** Submits what is next, if nothing is on its way. */
export function advanceLane(state: SnapshotsState, out: SnapshotsOut, lane: Lane): void {
  if (lane.isBusy) return;
  const { landing } = lane;
  const operation = landing === null ? clear(lane) : nextOperation(state, lane, landing);
  if (operation === null) return;
  lane.isBusy = true;
  submit(state, out, operation, { kind: 'lane', lane, landing });
}

function clear(lane: Lane): DiskOperation | null {
  if (!lane.isLittered) return null;
  lane.isLittered = false;
  return { kind: 'remove', file: lane.file };
}

function nextOperation(state: SnapshotsState, lane: Lane, landing: Landing): DiskOperation | null {
  const { file } = lane;
  switch (landing.stage) {
    case 'clear':
      if (lane.isLittered) return clear(lane);
      landing.stage = 'create';
      lane.isLittered = true;
      return { kind: 'create', file, bytes: 0 };
    case 'create':
      assert(false, 'internal', 'a stage passed without its completion');
      return null;
    case 'write':
      return nextWrite(state, lane, landing);
    case 'seal':
      return { kind: 'write', file, offset: 0, parts: [landing.header!.bytes], sync: false };
    case 'sync':
      return { kind: 'sync', file };
    case 'verify':
      return nextRead(landing.scan!, state.config.readBytesMax);
    case 'rename':
      return rename(state, lane, landing);
    case 'sync-directory':
      return { kind: 'sync-directory' };
    default:
      return unreachable(landing.stage);
  }
}

function nextWrite(state: SnapshotsState, lane: Lane, landing: Landing): DiskOperation | null {
  if (landing.queue.length === 0) {
    if (!landing.isComplete) return null;
    landing.stage = landing.header === null ? 'sync' : 'seal';
    return nextOperation(state, lane, landing);
  }
  const parts = takeParts(landing, state.config.writeBytesMax);
  const sync = landing.unsyncedBytes + landing.writingBytes >= state.config.unsyncedBytesMax;
  landing.unsyncedBytes = sync ? 0 : landing.unsyncedBytes + landing.writingBytes;
  return { kind: 'write', file: lane.file, offset: landing.writtenBytes, parts, sync };
}

/** Moves parts from the queue to the disk: as many as fit one write, and at least one. */
function takeParts(landing: Landing, bytesMax: number): Uint8Array[] {
  assert(landing.writingBytes === 0, 'effect-order', 'two writes of one file');
  let count = 0;
  for (const part of landing.queue) {
    if (count > 0 && landing.writingBytes + part.length > bytesMax) break;
    landing.writingBytes += part.length;
    count++;
  }
  return landing.queue.splice(0, count);
}

function rename(state: SnapshotsState, lane: Lane, landing: Landing): DiskOperation | null {
  assert(landing.isSynced, 'durable-quorum', 'a snapshot gets its name before it is synced');
  const target = snapshotFile(state.config.group, landing.index);
  // The disk answers in any order: a removal on its way could take the new file for the old one.
  if (state.removals.includes(target)) return null;
  // Nor may two of one name be named at once: whose content it has then, nobody could tell.
  const other = lane === state.own ? state.incoming : state.own;
  if (other.landing?.index === landing.index && isNaming(other)) return null;
  return { kind: 'rename', source: lane.file, target };
}

/** Takes in a completion of `lane`'s operation for `landing`. */
export function landingDone(
  state: SnapshotsState,
  lane: Lane,
  landing: Landing | null,
  completion: DiskCompletion,
): LandingNews {
  lane.isBusy = false;
  const stage = landing?.stage ?? 'clear';
  if (isFatal(stage, completion)) {
    fail(state, `${completion.code} in ${stage} of ${lane.file}`);
    return NO_NEWS;
  }
  if (landing === null || lane.landing !== landing) return NO_NEWS;
  if (completion.code === 'ENOSPC') {
    lane.landing = null;
    return { kind: 'given-up', failure: failure('DISK_FULL', `no room for ${lane.file}`) };
  }
  return nextStage(state, lane, landing, completion);
}

function isFatal(stage: Landing['stage'], { code }: DiskCompletion): boolean {
  if (code === 'OK' || stage === 'verify') return false;
  if (stage === 'sync' || stage === 'sync-directory') return true;
  if (stage === 'clear' && code === 'ENOENT') return false;
  return code !== 'ENOSPC';
}

function nextStage(
  state: SnapshotsState,
  lane: Lane,
  landing: Landing,
  completion: DiskCompletion,
): LandingNews {
  switch (landing.stage) {
    case 'clear':
      return NO_NEWS;
    case 'create':
      landing.stage = 'write';
      return NO_NEWS;
    case 'write':
      landing.writtenBytes += landing.writingBytes;
      landing.queuedBytes -= landing.writingBytes;
      landing.writingBytes = 0;
      return { kind: 'written' };
    case 'seal':
      landing.stage = 'sync';
      return NO_NEWS;
    case 'sync':
      beginVerify(state, lane, landing);
      return NO_NEWS;
    case 'verify':
      return verified(lane, landing, completion);
    case 'rename':
      lane.isLittered = false;
      landing.stage = 'sync-directory';
      return NO_NEWS;
    case 'sync-directory':
      return landed(state, lane, landing);
    default:
      return unreachable(landing.stage);
  }
}

function beginVerify(state: SnapshotsState, lane: Lane, landing: Landing): void {
  const { group } = state.config;
  landing.isSynced = true;
  landing.stage = 'verify';
  landing.scan = newScan(lane.file, { group, index: landing.index, isFresh: true });
}

function verified(lane: Lane, landing: Landing, completion: DiskCompletion): LandingNews {
  const scan = landing.scan!;
  const step = takeRead(scan, completion);
  if (step.kind === 'content' && !step.isLast) return NO_NEWS;
  const isRight = step.kind === 'content' && sameFile(identityOf(scan.header!), landing.expected!);
  if (isRight) {
    landing.stage = 'rename';
    return NO_NEWS;
  }
  lane.landing = null;
  const reason =
    step.kind === 'failed'
      ? step.failure
      : failure('SNAPSHOT_DAMAGED', `${lane.file} is another snapshot than announced`);
  return { kind: 'given-up', failure: reason };
}

function landed(state: SnapshotsState, lane: Lane, landing: Landing): LandingNews {
  const { header } = landing.scan!;
  assert(header !== null, 'durable-quorum', 'a snapshot landed that was not read back');
  lane.landing = null;
  keepFile(state, header, lane.kind === 'own' ? 'whole' : 'received');
  return { kind: 'landed', header };
}
