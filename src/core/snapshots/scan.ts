/**
 * Reading a snapshot file from front to back, a bounded piece at a time, proving it on the way:
 * the header by its CRC, the name by the header, the content by the header's CRC at its end.
 *
 * Both who proves a new file and who loads an old one read this way; a file is never trusted for
 * having been written.
 */
import { crc32c } from '../../base/crc32c.ts';
import { type Failure, failure } from '../../base/errors.ts';
import type { LogIndex } from '../../base/units.ts';
import type { DiskCompletion, DiskOperation } from '../disk.ts';
import { type FileHeader, HEADER_BYTES_MAX, readHeader } from './file-format.ts';

export interface Scan {
  readonly file: string;
  readonly group: number;
  readonly index: LogIndex;
  /** Past the page cache: what the disk really holds. */
  readonly isFresh: boolean;
  readBytes: number;
  crc: number;
  header: FileHeader | null;
}

export type ScanStep =
  | { readonly kind: 'content'; readonly content: Uint8Array; readonly isLast: boolean }
  | { readonly kind: 'failed'; readonly failure: Failure };

export function newScan(
  file: string,
  of: { readonly group: number; readonly index: LogIndex; readonly isFresh: boolean },
): Scan {
  return { file, ...of, readBytes: 0, crc: 0, header: null };
}

export function nextRead(scan: Scan, bytesMax: number): DiskOperation {
  const { file, readBytes, header, isFresh } = scan;
  // The first read must bring the whole header, however small the pieces are.
  const length =
    header === null
      ? Math.max(bytesMax, HEADER_BYTES_MAX + 8)
      : Math.min(bytesMax, header.fileBytes - readBytes);
  return { kind: 'read', file, offset: readBytes, length, fresh: isFresh };
}

/** Takes in what the read found. */
export function takeRead(scan: Scan, completion: DiskCompletion): ScanStep {
  if (completion.code === 'ENOENT') return failed('SNAPSHOT_DAMAGED', scan, 'does not exist');
  if (completion.code !== 'OK') return failed('DISK_FAILED', scan, 'cannot be read');
  let { bytes } = completion;
  if (scan.header === null) {
    const header = readHeader(bytes);
    if (header === 'too-new') return failed('DATA_DIR_TOO_NEW', scan, 'is of a later version');
    if (header === 'damaged') return failed('SNAPSHOT_DAMAGED', scan, 'has a damaged header');
    const { group, index } = header.meta;
    const isItself = group === scan.group && index === scan.index;
    if (!isItself) return failed('SNAPSHOT_DAMAGED', scan, 'holds another snapshot');
    scan.header = header;
    scan.readBytes = header.bytes.length;
    bytes = bytes.subarray(header.bytes.length);
  }
  return takeContent(scan, scan.header, bytes);
}

function takeContent(scan: Scan, header: FileHeader, bytes: Uint8Array): ScanStep {
  const leftBytes = header.fileBytes - scan.readBytes;
  if (bytes.length === 0 && leftBytes > 0) return failed('SNAPSHOT_DAMAGED', scan, 'ends early');
  const content = bytes.subarray(0, Math.min(bytes.length, leftBytes));
  scan.crc = crc32c(content, 0, content.length, scan.crc);
  scan.readBytes += content.length;
  const isLast = scan.readBytes === header.fileBytes;
  if (isLast && scan.crc !== header.contentCrc) {
    return failed('SNAPSHOT_DAMAGED', scan, 'does not have its CRC');
  }
  return { kind: 'content', content, isLast };
}

function failed(code: Failure['code'], scan: Scan, what: string): ScanStep {
  return { kind: 'failed', failure: failure(code, `${scan.file} ${what}`) };
}
