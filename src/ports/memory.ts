/** Large regions for slabs: an mmap in production, an ArrayBuffer elsewhere. */
export interface MemoryPort {
  /** A zeroed region of `bytes` bytes, at most 1 GiB. Throws when there is no memory. */
  allocate(bytes: number): Uint8Array;
}
