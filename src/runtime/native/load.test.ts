import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../base/crc32c.ts';
import { Wyhash } from '../../base/hash.ts';
import { loadAddon, loadAddonFrom } from './load.ts';

const { addon, reason } = loadAddon();

test('an addon that is missing, damaged or of another number is not used, for a reason', () => {
  const folder = mkdtempSync(join(tmpdir(), 'apex-kv-addon-'));
  try {
    expect(loadAddonFrom(join(folder, 'none.node')).reason).toContain('not built');
    writeFileSync(join(folder, 'damaged.node'), 'nothing that could be loaded');
    expect(loadAddonFrom(join(folder, 'damaged.node'))).toMatchObject({ addon: null });
    writeFileSync(join(folder, 'other.cjs'), 'exports.version = 0;');
    expect(loadAddonFrom(join(folder, 'other.cjs')).reason).toContain('number 0');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an addon that is built fits the sources beside it', () => {
  if (addon === null) expect(reason).toContain('not built');
});

describe.skipIf(addon === null)(`the addon (skipped without it: ${reason})`, () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, at) => at * 7);

  test('its CRC is the same as ours', () => {
    for (let length = 0; length <= bytes.length; length += 13) {
      const from = Math.min(length, length % 5);
      expect(addon!.crc32c(bytes, from, length, 9)).toBe(crc32c(bytes, from, length, 9));
    }
  });

  test('its hash is the same as ours', () => {
    const ours = new Wyhash(0x1234_5678, 0x9abc_def0);
    const into = new Uint8Array(8);
    const view = new DataView(into.buffer);
    for (let length = 0; length <= 200; length++) {
      addon!.wyhash(bytes.subarray(0, length), 0x1234_5678, 0x9abc_def0, into);
      ours.hash(bytes, 0, length);
      expect([view.getUint32(4, true), view.getUint32(0, true)]).toEqual([ours.high, ours.low]);
    }
  });
});
