/**
 * Reading past the page cache, for judging a flush that looks bad: what the disk itself holds.
 *
 * O_DIRECT wants offset, length and memory aligned. The first two are rounded out to blocks; the
 * memory's address is not ours to choose in JavaScript, so two starts within a buffer are tried: a
 * large ArrayBuffer begins 16 bytes after a page where the C library maps it (the allocator's own
 * header lies before it), and on a page where it does not.
 *
 * Where the platform or the file system knows no O_DIRECT the read is an ordinary one: it then
 * shows what the kernel holds, which may be fresher, never older, than the disk.
 */
import fs from 'node:fs';
import { closeFile, openFile, readBytes, readInto } from './disk-io.ts';

const BLOCK_BYTES = 4096;
const MEMORY_STARTS = [BLOCK_BYTES - 16, 0];

export async function readPastCache(
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  return (await readDirectly(path, offset, length)) ?? (await readAsUsual(path, offset, length));
}

/** Null when it cannot be done here; a real failure of the file is thrown. */
async function readDirectly(
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array | null> {
  const fd = await unlessRefused(openFile(path, fs.constants.O_RDONLY | fs.constants.O_DIRECT));
  if (fd === null) return null;
  try {
    const from = Math.floor(offset / BLOCK_BYTES) * BLOCK_BYTES;
    const to = Math.ceil((offset + length) / BLOCK_BYTES) * BLOCK_BYTES;
    for (const start of MEMORY_STARTS) {
      const memory = new ArrayBuffer(to - from + BLOCK_BYTES);
      const bytes = new Uint8Array(memory, start, to - from);
      const found = await unlessRefused(readInto(fd, bytes, from));
      if (found !== null)
        return bytes.subarray(offset - from, Math.min(found, offset - from + length));
    }
    return null;
  } finally {
    await closeFile(fd);
  }
}

async function readAsUsual(path: string, offset: number, length: number): Promise<Uint8Array> {
  const fd = await openFile(path, 'r');
  try {
    return await readBytes(fd, offset, length);
  } finally {
    await closeFile(fd);
  }
}

/** EINVAL is how kernels say that O_DIRECT, or this alignment, is not for this file. */
async function unlessRefused<Value>(attempt: Promise<Value>): Promise<Value | null> {
  try {
    return await attempt;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return null;
    throw error;
  }
}
