/**
 * Snapshots as the machine's events: beginning one, handing out slices, loading one.
 *
 * Loading goes on beside the present state and replaces it at once, at the end, or not at all. It
 * never takes the state back: a snapshot at or below the applied index may only be loaded to rebuild
 * a store whose state is known to be wrong.
 */
import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/bytes.ts';
import { encodeConfiguration } from '../members.ts';
import type { SnapshotMeta } from '../types.ts';
import { retireTable, swapTable } from './changes.ts';
import type { SnapshotHead } from './snapshot-format.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { contentDigest, type StoreOut, type StoreState } from './state.ts';

export function beginSnapshot(state: StoreState, meta: SnapshotMeta): void {
  const { config, table, sessions } = state;
  state.snapshotCount++;
  state.snapshotAbandoned = false;
  state.snapshot = new SnapshotWriter({
    serial: state.snapshotCount,
    head: headOf(state, meta),
    table,
    sessions,
    pendingBytesMax: config.preimageBytesMax,
  });
}

export function takeSlice(state: StoreState, bytesMax: number, out: StoreOut): void {
  if (state.snapshotAbandoned) {
    state.snapshotAbandoned = false;
    out.snapshotAbandoned = true;
    return;
  }
  assert(state.snapshot !== null, 'internal', 'a slice of no snapshot');
  out.snapshot = state.snapshot.take(bytesMax);
  out.snapshotDone = state.snapshot.isDone;
  if (out.snapshotDone) state.snapshot = null;
}

export function abortSnapshot(state: StoreState): void {
  state.snapshot = null;
  state.snapshotAbandoned = false;
}

export function beginLoad(state: StoreState, rebuild: boolean): void {
  abortLoad(state);
  state.loading = new SnapshotReader({
    slab: state.slab,
    group: state.config.group,
    expiredPerEntryMax: state.config.expiredPerEntryMax,
    rebuild,
  });
}

export function continueLoad(state: StoreState, bytes: Uint8Array, out: StoreOut): void {
  assert(state.loading !== null, 'internal', 'bytes of no snapshot');
  state.loading.push(bytes);
  out.failed = state.loading.fault;
}

export function endLoad(state: StoreState, out: StoreOut): void {
  const reader = state.loading;
  assert(reader !== null, 'internal', 'the end of no snapshot');
  reader.finish();
  out.failed = reader.fault;
  if (reader.fault === null) replaceState(state, reader, out);
  else abortLoad(state);
}

export function abortLoad(state: StoreState): void {
  const table = state.loading?.table ?? null;
  if (table !== null) retireTable(state, table);
  state.loading = null;
}

function replaceState(state: StoreState, reader: SnapshotReader, out: StoreOut): void {
  const { head, table } = reader;
  assert(head !== null && table !== null, 'internal', 'a whole snapshot without a head');
  assert(
    reader.rebuild || head.meta.index > state.appliedIndex,
    'monotonic',
    'a snapshot would take the applied index back',
  );
  // Whoever was taking slices learns with the next one that they belong together no longer.
  state.snapshotAbandoned = state.snapshot !== null;
  state.snapshot = null;
  state.loading = null;
  state.settings = head.settings;
  state.configuration = head.meta.configuration;
  state.appliedIndex = head.meta.index;
  state.appliedTerm = head.meta.term;
  state.logTime = head.logTime;
  state.revision = head.revision;
  state.chainHigh = head.chainHigh;
  state.chainLow = head.chainLow;
  state.sessions = reader.sessions;
  swapTable(state, table);
  out.loaded = head.meta;
}

function headOf(state: StoreState, meta: SnapshotMeta): SnapshotHead {
  const { settings, configuration } = state;
  assert(settings !== null && configuration !== null, 'internal', 'a snapshot before formation');
  assert(
    meta.index === state.appliedIndex && meta.term === state.appliedTerm,
    'state-machine-safety',
    'a snapshot stands for what is applied',
  );
  assert(
    equalBytes(encodeConfiguration(meta.configuration), encodeConfiguration(configuration)),
    'state-machine-safety',
    'a snapshot names another configuration than the one applied',
  );
  const digest = contentDigest(state);
  return {
    meta,
    logTime: state.logTime,
    revision: state.revision,
    chainLow: state.chainLow,
    chainHigh: state.chainHigh,
    keys: state.table.keys,
    logicalBytes: state.table.logicalBytes,
    useCount: state.sessions.useCount,
    sessions: state.sessions.count,
    expiredPerEntryMax: state.config.expiredPerEntryMax,
    digestLow: digest.low,
    digestHigh: digest.high,
    settings,
  };
}
