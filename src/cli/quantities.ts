/** Sizes and numbers as people write them. Null: not one. */

const SIZE = /^(\d+(?:\.\d+)?) ?(B|[kK]B|MB|GB|TB|KiB|MiB|GiB|TiB)?$/;

const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['kB', 1e3],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
]);

/** `64MiB`, `1.5 GB`, `4096`: whole bytes. */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text);
  if (match === null) return null;
  const bytes = Math.round(Number(match[1]) * UNIT_BYTES.get(match[2] ?? 'B')!);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A decimal integer within the bounds, both included. */
export function parseInteger(text: string, low: number, high: number): number | null {
  if (!/^\d{1,15}$/.test(text)) return null;
  const value = Number(text);
  return value >= low && value <= high ? value : null;
}
