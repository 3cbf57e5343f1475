/**
 * Bytes of a file, most of which are zeros: pages are kept only where something was written.
 */
export const SECTOR_BYTES = 512;
export const PAGE_BYTES = 4_096;
const PAGE_SECTORS = PAGE_BYTES / SECTOR_BYTES;

export class SparseBytes {
  private readonly pages = new Map<number, Uint8Array>();

  /** A fresh array; what was never written reads as zeros. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const within = (offset + at) % PAGE_BYTES;
      const size = Math.min(PAGE_BYTES - within, length - at);
      const page = this.pages.get((offset + at - within) / PAGE_BYTES);
      if (page !== undefined) bytes.set(page.subarray(within, within + size), at);
      at += size;
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const within = (offset + at) % PAGE_BYTES;
      const size = Math.min(PAGE_BYTES - within, bytes.length - at);
      const page = this.pageOf((offset + at - within) / PAGE_BYTES);
      page.set(size === bytes.length ? bytes : bytes.subarray(at, at + size), within);
      at += size;
    }
  }

  readSector(sector: number): Uint8Array {
    return this.read(sector * SECTOR_BYTES, SECTOR_BYTES);
  }

  writeSector(sector: number, bytes: Uint8Array): void {
    this.write(sector * SECTOR_BYTES, bytes);
  }

  /** Page by page, without a copy in between: syncs are mostly this. */
  copySectors(first: number, end: number, from: SparseBytes): void {
    for (let sector = first; sector < end; ) {
      const number = Math.floor(sector / PAGE_SECTORS);
      const next = Math.min(end, (number + 1) * PAGE_SECTORS);
      const within = (sector % PAGE_SECTORS) * SECTOR_BYTES;
      const size = (next - sector) * SECTOR_BYTES;
      const source = from.pages.get(number);
      const target = this.pageOf(number);
      if (source === undefined) target.fill(0, within, within + size);
      else
        target.set(size === PAGE_BYTES ? source : source.subarray(within, within + size), within);
      sector = next;
    }
  }

  private pageOf(number: number): Uint8Array {
    let page = this.pages.get(number);
    if (page === undefined) {
      page = new Uint8Array(PAGE_BYTES);
      this.pages.set(number, page);
    }
    return page;
  }

  /** Makes everything from `offset` on read as zeros. */
  cut(offset: number): void {
    const within = offset % PAGE_BYTES;
    const first = Math.ceil(offset / PAGE_BYTES);
    if (within > 0) this.pages.get(first - 1)?.fill(0, within);
    for (const number of [...this.pages.keys()]) {
      if (number >= first) this.pages.delete(number);
    }
  }

  /** Where pages are kept: their first byte's offsets, ascending. */
  writtenPages(): number[] {
    return [...this.pages.keys()].sort((a, b) => a - b).map((number) => number * PAGE_BYTES);
  }
}

export const sectorsIn = (offset: number, length: number): { first: number; end: number } => ({
  first: Math.floor(offset / SECTOR_BYTES),
  end: Math.ceil((offset + length) / SECTOR_BYTES),
});
