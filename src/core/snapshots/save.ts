/**
 * Our own snapshot, as the store gives its bytes: they are passed on to the disk as they come.
 *
 * The header's size is known from the start, so the content goes where it belongs at once; what the
 * header says is known only at the end.
 */
import { assert } from '../../base/assert.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { SnapshotMeta } from '../types.ts';
import { headerBytesOf, makeHeader } from './file-format.ts';
import { identityOf } from './files.ts';
import { beginLanding, giveUpLanding, type LandingNews, queueBytes } from './landing.ts';
import type { SnapshotsOut } from './out.ts';
import { type SnapshotsState, wantsBytes } from './state.ts';

export function beginSave(state: SnapshotsState, out: SnapshotsOut, meta: SnapshotMeta): void {
  assert(meta.group === state.config.group, 'internal', "another group's snapshot");
  assert(meta.index > 0, 'index-order', 'a snapshot of nothing');
  if (!giveUpLanding(state.own)) {
    // The one before is about to have its name: it is the better of the two, being there.
    const detail = { code: 'OVERLOADED', detail: 'another snapshot is being named' } as const;
    out.saveFailed = { index: meta.index, failure: detail };
    return;
  }
  state.save = { meta, contentBytes: 0, contentCrc: 0 };
  beginLanding(state.own, { index: meta.index, offset: headerBytesOf(meta), expected: null });
}

export function saveBytes(state: SnapshotsState, bytes: Uint8Array): void {
  const { save, own } = state;
  if (save === null || own.landing === null) return;
  assert(wantsBytes(state), 'queue-bound', 'more of a snapshot than was wanted');
  save.contentBytes += bytes.length;
  save.contentCrc = crc32c(bytes, 0, bytes.length, save.contentCrc);
  queueBytes(own.landing, bytes);
}

export function endSave(state: SnapshotsState): void {
  const { save, own } = state;
  if (save === null || own.landing === null) return;
  const content = { bytes: save.contentBytes, crc: save.contentCrc };
  const header = makeHeader(save.meta, content);
  own.landing.header = header;
  own.landing.expected = identityOf(header);
  own.landing.isComplete = true;
}

export function abortSave(state: SnapshotsState): void {
  if (giveUpLanding(state.own)) state.save = null;
}

export function saveNews(state: SnapshotsState, out: SnapshotsOut, news: LandingNews): void {
  switch (news.kind) {
    case 'landed':
      out.saved = news.header.meta;
      state.save = null;
      break;
    case 'given-up':
      out.saveFailed = { index: state.save!.meta.index, failure: news.failure };
      state.save = null;
      break;
    default:
      break;
  }
}
