/**
 * Damage to cold data: bit rot, sectors that come back as zeros or with what belongs elsewhere,
 * sectors that cannot be read.
 *
 * Each asks the fault atlas first and reports whether the damage was done. Unsynced sectors are not
 * cold: what may happen to them is the business of a crash.
 */
import type { SimulatedDisk } from './disk.ts';
import type { DamageSite } from './disk-effects.ts';
import type { SimulatedFile } from './disk-file.ts';
import { SECTOR_BYTES } from './disk-image.ts';
import type { Stream } from './streams.ts';

export interface ColdSector {
  readonly file: string;
  readonly offset: number;
}

export type DamageKind = Exclude<DamageSite['kind'], 'misdirected-write' | 'foreign-sector'>;

/** A written and synced sector of any file that `isEligible`, or null when there is none. */
export function drawColdSector(
  disk: SimulatedDisk,
  stream: Stream,
  isEligible: (file: string) => boolean,
): ColdSector | null {
  const sectors: ColdSector[] = [];
  for (const { name } of disk.files()) {
    if (!isEligible(name)) continue;
    for (const offset of disk.find(name)!.coldSectors()) sectors.push({ file: name, offset });
  }
  return sectors.length === 0 ? null : stream.pick(sectors);
}

/** Spoils one sector; false when the atlas spares it or the sector is not cold. */
export function damageSector(
  disk: SimulatedDisk,
  target: ColdSector,
  kind: DamageKind,
  stream: Stream,
): boolean {
  const file = spoilableFile(disk, target, kind);
  if (file === null) return false;
  if (kind === 'latent-sector') file.loseSector(target.offset);
  else
    file.damage(target.offset, SECTOR_BYTES, kind === 'zeroed-sector' ? clear : rot(stream, kind));
  note(disk, target, kind);
  return true;
}

/** A sector shows what the platter holds at `source`: a write that went astray, or one that never came. */
export function misplaceSector(
  disk: SimulatedDisk,
  source: ColdSector,
  target: ColdSector,
): boolean {
  const bytes = disk.find(source.file)?.read(source.offset, SECTOR_BYTES, true) ?? null;
  if (bytes === null || bytes.length < SECTOR_BYTES) return false;
  const file = spoilableFile(disk, target, 'foreign-sector');
  if (file === null) return false;
  file.damage(target.offset, SECTOR_BYTES, (sector) => sector.set(bytes));
  note(disk, target, 'foreign-sector');
  return true;
}

/** The file, if the sector is cold and the atlas does not spare it. */
function spoilableFile(
  disk: SimulatedDisk,
  { file: name, offset }: ColdSector,
  kind: DamageSite['kind'],
): SimulatedFile | null {
  const { node, mayDamage } = disk.options;
  const file = disk.find(name);
  if (file === null || file.isDirty(offset, 1)) return null;
  return mayDamage({ node, kind, file: name, offset, length: SECTOR_BYTES }) ? file : null;
}

function note({ options }: SimulatedDisk, { file, offset }: ColdSector, kind: string): void {
  options.faults.count(`disk-${kind}`, options.node, () => `${file} at ${offset}`);
}

const clear = (sector: Uint8Array): void => {
  sector.fill(0);
};

/** Flips one to eight bits; of a value's rot, within what clients have written, if any is there. */
function rot(stream: Stream, kind: DamageKind): (sector: Uint8Array) => void {
  return (sector) => {
    const flips = stream.pick([1, 1, 1, 2, 8]);
    const start = stream.below(sector.length);
    const from = kind === 'value-rot' ? findText(sector, start) : -1;
    for (let flip = 0; flip < flips; flip++) {
      const at = from < 0 ? stream.below(sector.length) : from + stream.below(TEXT_BYTES);
      sector[at] = sector[at]! ^ (1 << stream.below(8));
    }
  };
}

/** So many letters in a row are a value: no header of anything looks like that. */
const TEXT_BYTES = 12;

/** The first text at or behind `start`, then before it; -1: there is none. */
function findText(sector: Uint8Array, start: number): number {
  let run = 0;
  for (let step = 0; step < 2 * sector.length; step++) {
    const at = (start + step) % sector.length;
    const isText = sector[at]! >= 0x20 && sector[at]! < 0x7f;
    run = isText && at > 0 ? run + 1 : 0;
    if (run === TEXT_BYTES) return at - TEXT_BYTES + 1;
  }
  return -1;
}
