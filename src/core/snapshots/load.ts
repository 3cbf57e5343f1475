/**
 * Handing a snapshot file out, piece by piece, and proving it meanwhile.
 *
 * 1. The pieces are worth nothing before `loadDone`: the last one may show that the first was wrong.
 * 2. A file that reads wrong is read once more, past the cache, before it is judged; the caller is
 *    told by `loadBegun` to forget what it has.
 */

import type { Failure } from '../../base/errors.ts';
import { failure } from '../../base/errors.ts';
import type { LogIndex } from '../../base/units.ts';
import type { DiskCompletion } from '../disk.ts';
import { snapshotFile } from './names.ts';
import type { SnapshotsOut } from './out.ts';
import { newScan, nextRead, takeRead } from './scan.ts';
import { findFile, type SnapshotsState, submit } from './state.ts';
import type { Load } from './work.ts';

export function beginLoad(state: SnapshotsState, out: SnapshotsOut, index: LogIndex): void {
  const { group } = state.config;
  state.load = null;
  const file = findFile(state, index);
  if (file === null) {
    const name = snapshotFile(group, index);
    endLoad(state, out, index, failure('SNAPSHOT_DAMAGED', `${name} does not exist`));
    return;
  }
  const scan = newScan(file.name, { group, index, isFresh: false });
  state.load = { index, scan };
  readOn(state, out, state.load);
}

function readOn(state: SnapshotsState, out: SnapshotsOut, load: Load): void {
  const operation = nextRead(load.scan, state.config.readBytesMax);
  submit(state, out, operation, { kind: 'load', load });
}

/** A piece was read. */
export function loadRead(
  state: SnapshotsState,
  out: SnapshotsOut,
  load: Load,
  completion: DiskCompletion,
): void {
  if (state.load !== load) return;
  const { scan } = load;
  const isFirst = scan.header === null;
  const step = takeRead(scan, completion);
  if (step.kind === 'failed') {
    judge(state, out, load, step.failure);
    return;
  }
  if (isFirst) out.loadBegun = true;
  out.loaded.push(step.content);
  if (step.isLast) endLoad(state, out, load.index, null);
  else readOn(state, out, load);
}

function judge(state: SnapshotsState, out: SnapshotsOut, load: Load, failure: Failure): void {
  if (failure.code !== 'SNAPSHOT_DAMAGED' || load.scan.isFresh) {
    endLoad(state, out, load.index, failure);
    return;
  }
  const { group } = state.config;
  load.scan = newScan(load.scan.file, { group, index: load.index, isFresh: true });
  readOn(state, out, load);
}

function endLoad(
  state: SnapshotsState,
  out: SnapshotsOut,
  index: LogIndex,
  failure: Failure | null,
): void {
  const file = findFile(state, index);
  const header = state.load?.scan.header ?? null;
  state.load = null;
  if (file !== null) {
    if (failure === null) file.header = header;
    if (failure !== null) file.standing = 'damaged';
    else if (file.standing !== 'received') file.standing = 'whole';
  }
  const meta = failure === null ? header!.meta : null;
  out.loadDone = { index, meta, failure };
}
