/**
 * Which snapshot files there are, and when they may go.
 *
 * 1. At the start, temporary files go, and so does a file above the newest mark: it was named just
 *    before the crash and nothing was built on it, for the log below a snapshot is released only
 *    behind a durable mark. Kept, it would have to be proved before anyone could use it.
 * 2. Files at or below the mark stay until the caller says, by `release`, that a newer one has
 *    taken their place; those that are being read stay until that is over.
 * 3. A removal is not synced: an old file that comes back after a crash is still whole, and goes
 *    with the next release.
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex } from '../../base/units.ts';
import type { DiskCompletion } from '../disk.ts';
import type { FileHeader } from './file-format.ts';
import type { FileIdentity } from './message.ts';
import { indexOf, snapshotFile } from './names.ts';
import type { SnapshotsOut } from './out.ts';
import { fail, findFile, isNaming, type SnapshotsState, submit } from './state.ts';
import type { SnapshotFile } from './work.ts';

export const identityOf = ({ meta, fileBytes, fileCrc }: FileHeader): FileIdentity => ({
  index: meta.index,
  term: meta.term,
  fileBytes,
  fileCrc,
});

export function open(state: SnapshotsState, out: SnapshotsOut, mark: LogIndex): void {
  assert(state.phase === 'closed', 'internal', 'snapshots opened twice');
  state.phase = 'listing';
  submit(state, out, { kind: 'list' }, { kind: 'list', mark });
}

export function listed(
  state: SnapshotsState,
  out: SnapshotsOut,
  completion: DiskCompletion,
  mark: LogIndex,
): void {
  if (completion.code !== 'OK') {
    fail(state, `${completion.code} in the list of files`);
    return;
  }
  state.phase = 'clearing';
  // The disk lists in no particular order.
  const names = completion.files.map((file) => file.name).sort();
  for (const name of names) {
    if (name === state.own.file || name === state.incoming.file) {
      remove(state, out, name);
      continue;
    }
    const index = indexOf(state.config.group, name);
    if (index === 0) continue;
    if (index > mark) remove(state, out, name);
    else {
      const isReplacement = false;
      state.files.push({ name, index, standing: 'found', header: null, isReplacement });
    }
  }
  finishOpening(state, out);
}

function finishOpening(state: SnapshotsState, out: SnapshotsOut): void {
  if (state.phase !== 'clearing' || state.removals.length > 0) return;
  state.phase = 'open';
  out.opened = true;
}

function remove(state: SnapshotsState, out: SnapshotsOut, file: string): void {
  state.removals.push(file);
  submit(state, out, { kind: 'remove', file }, { kind: 'removal', file });
}

export function removed(
  state: SnapshotsState,
  out: SnapshotsOut,
  completion: DiskCompletion,
  file: string,
): void {
  state.removals.splice(state.removals.indexOf(file), 1);
  if (completion.code === 'EIO') fail(state, `EIO in the removal of ${file}`);
  finishOpening(state, out);
}

/** A file has its name, durably. One of the same index has lost it. */
export function keepFile(
  state: SnapshotsState,
  header: FileHeader,
  standing: SnapshotFile['standing'],
): void {
  const { group, index } = header.meta;
  const isReplacement = forget(state, index);
  const name = snapshotFile(group, index);
  state.files.push({ name, index, standing, header, isReplacement });
  state.files.sort((left, right) => left.index - right.index);
}

function forget(state: SnapshotsState, index: LogIndex): boolean {
  const at = state.files.findIndex((file) => file.index === index);
  if (at >= 0) state.files.splice(at, 1);
  return at >= 0;
}

export function dropFile(state: SnapshotsState, out: SnapshotsOut, file: SnapshotFile): void {
  forget(state, file.index);
  // Another file is about to take the name: the removal could come behind that, and take the new one.
  if (!isBeingNamed(state, file.index)) remove(state, out, file.name);
}

const isBeingNamed = ({ own, incoming }: SnapshotsState, index: LogIndex): boolean =>
  [own, incoming].some((lane) => isNaming(lane) && lane.landing!.index === index);

export function release(state: SnapshotsState, index: LogIndex): void {
  const file = findFile(state, index);
  assert(file !== null, 'durable-quorum', 'released behind a snapshot that is not there');
  assert(file.standing !== 'received', 'durable-quorum', 'released behind one not in force');
  // Read back wrong, or not read yet: then an older one may be the last that is good.
  if (file.standing !== 'whole') return;
  if (index > state.releasedIndex) state.releasedIndex = index;
}

/** Removes what was released and is not being read. */
export function removeReleased(state: SnapshotsState, out: SnapshotsOut): void {
  const old = state.files.filter((file) => file.index < state.releasedIndex);
  for (const file of old) if (!isBeingRead(state, file)) dropFile(state, out, file);
}

function isBeingRead(state: SnapshotsState, file: SnapshotFile): boolean {
  if (state.load?.index === file.index || state.receipt?.identity.index === file.index) return true;
  return state.transfers.some((transfer) => transfer.file === file);
}
