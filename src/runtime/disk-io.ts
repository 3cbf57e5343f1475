/**
 * File operations that finish what they begin: the kernel may read or write less than was asked.
 *
 * Everything goes through Node's thread pool, so no call here blocks the event loop.
 */
import fs from 'node:fs';
import { promisify } from 'node:util';

export const openFile = promisify(fs.open);
export const closeFile = promisify(fs.close);
export const syncData = promisify(fs.fdatasync);
export const syncAll = promisify(fs.fsync);
export const statFile = promisify(fs.fstat);
const read = promisify(fs.read);
const writev = promisify(fs.writev);

/** Zeros are written, never merely reserved: an unwritten extent costs a journal entry a flush. */
const ZEROS = new Uint8Array(1024 * 1024);

/** Up to `length` bytes from `offset`; fewer only at the end of the file. */
export async function readBytes(fd: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const found = await readInto(fd, bytes, offset);
  return found === length ? bytes : bytes.subarray(0, found);
}

/** Fills `target` from `offset` on; answers how much there was. */
export async function readInto(fd: number, target: Uint8Array, offset: number): Promise<number> {
  let found = 0;
  while (found < target.length) {
    const { bytesRead } = await read(fd, target, found, target.length - found, offset + found);
    if (bytesRead === 0) break;
    found += bytesRead;
  }
  return found;
}

/** Writes the parts back to back from `offset` on. */
export async function writeParts(
  fd: number,
  offset: number,
  parts: readonly Uint8Array[],
): Promise<void> {
  let at = offset;
  let rest = parts.filter((part) => part.length > 0);
  while (rest.length > 0) {
    const { bytesWritten } = await writev(fd, rest, at);
    if (bytesWritten === 0) throw new Error('a write made no progress');
    at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

/** What remains of `parts` after their first `count` bytes. */
export function withoutFirst(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let first = 0;
  while (first < parts.length && parts[first]!.length <= left) left -= parts[first++]!.length;
  const rest = parts.slice(first);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

/** Makes the file at least `end` bytes long, the new ones written as zeros. */
export async function extendWithZeros(fd: number, end: number): Promise<void> {
  let { size } = await statFile(fd);
  while (size < end) {
    const chunk = ZEROS.subarray(0, Math.min(ZEROS.length, end - size));
    await writeParts(fd, size, [chunk]);
    size += chunk.length;
  }
}
