import { describe, expect, test } from 'vitest';
import { damageSector, drawColdSector } from './disk-damage.ts';
import { DiskFixture, filled } from './disk-fixture.ts';
import { Streams } from './streams.ts';

describe('damage to cold data', () => {
  const cold = (): DiskFixture => {
    const fixture = new DiskFixture('1', {});
    fixture.prepare('a', 4_096);
    fixture.write('a', 512, filled(1_024, 1), true);
    return fixture;
  };
  const stream = new Streams('9').stream('damage');

  test('rot changes a few bits of one sector, for good', () => {
    const fixture = cold();
    expect(damageSector(fixture.disk, { file: 'a', offset: 512 }, 'bit-rot', stream)).toBe(true);
    const bytes = fixture.readAfterCrash('a', 512, 512);
    expect(bytes.filter((byte) => byte !== 1).length).toBeGreaterThan(0);
    expect(bytes.filter((byte) => byte !== 1).length).toBeLessThanOrEqual(8);
    expect(fixture.read('a', 1_024, 512)).toEqual(filled(512, 1));
  });

  test('rot of a value strikes what a client has written', () => {
    for (let times = 0; times < 20; times++) {
      const fixture = cold();
      fixture.write('a', 700, filled(20, 0x61), true);
      damageSector(fixture.disk, { file: 'a', offset: 512 }, 'value-rot', stream);
      const bytes = fixture.read('a', 512, 512);
      expect(bytes.subarray(188, 208)).not.toEqual(filled(20, 0x61));
      expect(bytes.subarray(0, 188)).toEqual(filled(188, 1));
      expect(bytes.subarray(208)).toEqual(filled(304, 1));
    }
  });

  test('a zeroed sector reads as zeros', () => {
    const fixture = cold();
    damageSector(fixture.disk, { file: 'a', offset: 512 }, 'zeroed-sector', stream);
    expect(fixture.read('a', 512, 512)).toEqual(new Uint8Array(512));
  });

  test('a latent sector error lasts until the sector is written', () => {
    const fixture = cold();
    damageSector(fixture.disk, { file: 'a', offset: 512 }, 'latent-sector', stream);
    const read = { kind: 'read', file: 'a', offset: 0, length: 4_096, fresh: false } as const;
    expect(fixture.run(read).code).toBe('EIO');
    fixture.disk.crash('power');
    expect(fixture.run(read).code).toBe('EIO');
    fixture.write('a', 512, filled(512, 2), true);
    expect(fixture.run(read).code).toBe('OK');
  });

  test('the atlas can refuse, and unsynced data is not cold', () => {
    const fixture = cold();
    fixture.mayDamage = () => false;
    expect(damageSector(fixture.disk, { file: 'a', offset: 512 }, 'bit-rot', stream)).toBe(false);
    fixture.mayDamage = () => true;
    fixture.write('a', 512, filled(512, 3), false);
    expect(damageSector(fixture.disk, { file: 'a', offset: 512 }, 'bit-rot', stream)).toBe(false);
    expect(fixture.read('a', 512, 512)).toEqual(filled(512, 3));
  });

  test('a cold sector is drawn from what was written and is eligible', () => {
    const fixture = cold();
    expect(drawColdSector(fixture.disk, stream, () => true)?.file).toBe('a');
    expect(drawColdSector(fixture.disk, stream, () => false)).toBeNull();
  });

  test('a misdirected write lands sectors away, leaves its own place old, and is counted', () => {
    const fixture = cold();
    fixture.knobs.misdirectedWritePpm = 1_000_000;
    fixture.write('a', 2_048, filled(512, 5), true);
    const landed = fixture.read('a', 0, 4_096).indexOf(5);
    expect(landed % 512).toBe(0);
    expect(landed === 2_048).toBe(fixture.faults.of('disk-misdirected-write') === 0);
    fixture.mayDamage = () => false;
    fixture.write('a', 3_584, filled(512, 6), true);
    expect(fixture.read('a', 3_584, 512)).toEqual(filled(512, 6));
  });

  test('a misdirected read answers other bytes and changes nothing', () => {
    const fixture = cold();
    fixture.knobs.misdirectedReadPpm = 1_000_000;
    const answers = new Set<number>();
    for (let round = 0; round < 20; round++) answers.add(fixture.read('a', 512, 512)[0]!);
    expect([...answers].sort()).toEqual([0, 1]);
    fixture.knobs.misdirectedReadPpm = 0;
    expect(fixture.read('a', 512, 512)).toEqual(filled(512, 1));
  });
});
