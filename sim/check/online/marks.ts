/**
 * durable-quorum: what was written last is vouched for within a while (docs/formats/wal.md). A flush that
 * no later header covers cannot be told from a torn tail when it rots, and would be cut off with what
 * was promised on the strength of it; so an idle log ends with a mark.
 *
 * The file is read as the disk would keep it now: the log is not asked what it believes.
 */
import { BLOCK_BYTES, flushBytes, readFlushHeader } from '../../../src/core/wal/flush.ts';
import { tailOf, type WalState } from '../../../src/core/wal/state.ts';
import { violate } from './violate.ts';

/** A mark is due after the configured time, and on its way for a while. */
const GRACE_MS = 500;

export interface DurableFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class MarkCheck {
  #ended = '';
  #sinceMs = 0;
  #isLooked = false;

  /** `filesOf`: copies, so it is asked once for each end of the log that stays for long. */
  afterTurn(log: WalState, now: number, filesOf: () => readonly DurableFile[]): void {
    const { end, config } = log;
    const isIdle = log.phase === 'ready' && log.flushes.length === 0 && !log.isMarkWaiting;
    const ended = isIdle ? `${end.sequence}:${end.offset}` : '';
    if (ended !== this.#ended || !isIdle) {
      this.#ended = ended;
      this.#sinceMs = now;
      this.#isLooked = false;
      return;
    }
    if (this.#isLooked || now - this.#sinceMs <= config.idleMarkMs + GRACE_MS) return;
    this.#isLooked = true;
    const tail = tailOf(log);
    const file = tail === null ? undefined : filesOf().find(({ name }) => name === tail.file);
    if (tail === null || file === undefined || end.sequence !== tail.sequence) return;
    if (lastCount(file.bytes, config.storeId, { sequence: tail.sequence, end: end.offset }) > 0) {
      violate('durable-quorum', 'what the log holds last is vouched for by nobody');
    }
  }
}

/** How many records the last flush holds; 0 for a mark, and where nothing is read. */
function lastCount(
  bytes: Uint8Array,
  storeId: string,
  { sequence, end }: { readonly sequence: number; readonly end: number },
): number {
  const store = Uint8Array.from(storeId.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  let count = 0;
  for (let at = 0; at < end; ) {
    const header = readFlushHeader(bytes, at, store, sequence);
    if (header === null) {
      at += BLOCK_BYTES;
      continue;
    }
    count = header.count;
    at += flushBytes(header.payloadBytes);
  }
  return count;
}
