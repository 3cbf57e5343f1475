/**
 * Damage to cold data: bit rot, sectors that come back as zeros or with what belongs elsewhere,
 * sectors that cannot be read.
 *
 * Each asks the fault atlas first and reports whether the damage was done. Unsynced sectors are not
 * cold: what may happen to them is the business of a crash.
 */
import type { SimulatedDisk } from './disk.ts';
import type { DamageSite } from './disk-effects.ts';
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
  const { node, mayDamage, faults } = disk.options;
  const file = disk.find(target.file);
  if (file === null || file.isDirty(target.offset, 1)) return false;
  if (!mayDamage({ node, kind, ...target, length: SECTOR_BYTES })) return false;
  if (kind === 'latent-sector') file.loseSector(target.offset);
  else file.damage(target.offset, SECTOR_BYTES, kind === 'bit-rot' ? rot(stream) : clear);
  faults.count(`disk-${kind}`, node, () => `${target.file} at ${target.offset}`);
  return true;
}

/** A sector shows what the platter holds at `source`: a write that went astray, or one that never came. */
export function misplaceSector(
  disk: SimulatedDisk,
  source: ColdSector,
  target: ColdSector,
): boolean {
  const { node, mayDamage, faults } = disk.options;
  const from = disk.find(source.file);
  const file = disk.find(target.file);
  if (from === null || file === null || file.isDirty(target.offset, 1)) return false;
  if (!mayDamage({ node, kind: 'foreign-sector', ...target, length: SECTOR_BYTES })) return false;
  const bytes = from.read(source.offset, SECTOR_BYTES, true);
  if (bytes === null || bytes.length < SECTOR_BYTES) return false;
  file.damage(target.offset, SECTOR_BYTES, (sector) => sector.set(bytes));
  faults.count('disk-foreign-sector', node, () => `${target.file} at ${target.offset}`);
  return true;
}

const clear = (sector: Uint8Array): void => {
  sector.fill(0);
};

/** Flips one to eight bits. */
function rot(stream: Stream): (sector: Uint8Array) => void {
  return (sector) => {
    const flips = stream.pick([1, 1, 1, 2, 8]);
    for (let flip = 0; flip < flips; flip++) {
      const at = stream.below(sector.length);
      sector[at] = sector[at]! ^ (1 << stream.below(8));
    }
  };
}
