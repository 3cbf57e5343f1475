/**
 * What a node says is durable, held against its disk: what would recovery find if the power went
 * now, and nothing that is not synced survived?
 *
 * 1. The log's own machine reads a copy of the platter. It says nothing that a restart would not,
 *    but it says it at moments at which nobody crashes.
 * 2. durable-quorum and one-vote: everything that was claimed or told must be in what it finds.
 * 3. log-matching: nothing goes on behind the end of the log. What was cut off there once would come
 *    back behind whatever is written in its place.
 * 4. A disk that may be damaged proves nothing: then the log is mended, not believed.
 */
import { assert } from '../../../src/base/assert.ts';
import { fromHex } from '../../../src/base/bytes.ts';
import { millis } from '../../../src/base/units.ts';
import type { DiskCompletion, DiskOperation } from '../../../src/core/disk.ts';
import { entryIndex, entryTerm } from '../../../src/core/entry.ts';
import type { RecoveredGroup } from '../../../src/core/types.ts';
import { comparePositions, readFlushHeader, segmentSalt } from '../../../src/core/wal/flush.ts';
import { readFlushRecords } from '../../../src/core/wal/payload.ts';
import {
  newWalOut,
  type WalConfig,
  type WalRecovery,
  type WalState,
} from '../../../src/core/wal/state.ts';
import { wal } from '../../../src/core/wal/step.ts';
import type { Held } from './commits.ts';
import { violate } from './violate.ts';

const STEPS_MAX = 100_000;
const NOTHING = new Uint8Array(0);

export interface PlatterFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a log of `config` would find in `files`, of which it gets copies. */
export function recoverFrom(files: readonly PlatterFile[], config: WalConfig): WalRecovery {
  const copies = new Map(files.map(({ name, bytes }) => [name, bytes]));
  const state = wal.init(config);
  const out = newWalOut();
  wal.step(state, { kind: 'open' }, millis(0), out);
  for (let step = 0; out.recovered === null; step++) {
    const submission = out.submissions.shift();
    assert(submission !== undefined && step < STEPS_MAX, 'availability', 'recovery stands still');
    const { ticket, operation } = submission;
    const completion = { ...perform(copies, operation), ticket };
    wal.step(state, { kind: 'disk', completion }, millis(0), out);
    assert(out.failed === null, 'availability', 'recovery failed on a sound disk');
  }
  return out.recovered;
}

/** To be called while the log's machine runs: `end` is where its next flush goes. */
export function checkCutOff(
  files: readonly PlatterFile[],
  { config, segments, end }: WalState,
): void {
  const segment = segments.find(({ sequence }) => sequence === end.sequence);
  const bytes = files.find(({ name }) => name === segment?.file)?.bytes;
  if (bytes === undefined) return;
  const header = readFlushHeader(bytes, end.offset, fromHex(config.storeId), end.sequence);
  if (header === null || comparePositions(header.previousEnd, end) !== 0) return;
  if (readFlushRecords(bytes, header, segmentSalt(config.storeId, end.sequence)) === null) return;
  violate('log-matching', 'what was cut off the log is still there, behind its end');
}

type Outcome = Omit<DiskCompletion, 'ticket'>;

const DONE: Outcome = { code: 'OK', bytes: NOTHING, files: [] };

export function perform(files: Map<string, Uint8Array>, operation: DiskOperation): Outcome {
  switch (operation.kind) {
    case 'list': {
      const listed = [...files].map(([name, bytes]) => ({ name, bytes: bytes.length }));
      return { ...DONE, files: listed };
    }
    case 'read': {
      const { file, offset, length } = operation;
      const bytes = files.get(file);
      if (bytes === undefined) return { ...DONE, code: 'ENOENT' };
      return { ...DONE, bytes: bytes.slice(offset, offset + length) };
    }
    case 'create':
      files.set(operation.file, resized(files.get(operation.file) ?? NOTHING, operation.bytes));
      return DONE;
    case 'write':
      return write(files, operation);
    case 'rename':
      files.set(operation.target, files.get(operation.source) ?? NOTHING);
      files.delete(operation.source);
      return DONE;
    case 'remove':
      files.delete(operation.file);
      return DONE;
    default:
      return DONE;
  }
}

function write(
  files: Map<string, Uint8Array>,
  { file, offset, parts }: DiskOperation & { readonly kind: 'write' },
): Outcome {
  let end = offset;
  for (const part of parts) end += part.length;
  const bytes = resized(files.get(file) ?? NOTHING, end);
  let at = offset;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  files.set(file, bytes);
  return DONE;
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes;
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}

/** The log that a recovered group would start with. */
export function heldBy({ entries, snapshotIndex }: RecoveredGroup): Held {
  const first = entries[0] === undefined ? snapshotIndex + 1 : entryIndex(entries[0]);
  return {
    baseIndex: first - 1,
    lastIndex: Math.max(snapshotIndex, first + entries.length - 1),
    termAt: (index) => {
      const entry = entries[index - first];
      return entry === undefined ? null : entryTerm(entry);
    },
  };
}
