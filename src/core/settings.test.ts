import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, putU32, putU64, toHex } from '../base/bytes.ts';
import { type ClusterId, nodeId, type StoreId } from '../base/units.ts';
import {
  changeSettings,
  checkChanges,
  checkSettings,
  DEFAULT_SETTINGS,
  DURABILITIES,
  decodeChanges,
  decodeFormation,
  decodeSettings,
  encodeChanges,
  encodeFormation,
  encodeSettings,
  type Formation,
  SETTING_FIELD,
  type SettingChange,
  type SettingName,
  settingValue,
} from './settings.ts';
import type { Configuration, Settings } from './types.ts';

const SETTINGS: Settings = {
  ...DEFAULT_SETTINGS,
  clusterId: '000102030405060708090a0b0c0d0e0f' as ClusterId,
  tableSeed: '0123456789abcdef',
};
const store = (byte: string): StoreId => byte.repeat(16) as StoreId;
const VOTERS: Configuration = {
  voters: [
    { id: nodeId(1), store: store('11') },
    { id: nodeId(2), store: store('22') },
  ],
  outgoing: [],
  learners: [],
};
const NAMES = Object.keys(SETTING_FIELD) as SettingName[];

const hex = (...lines: string[]): string => lines.join('').replaceAll(' ', '');

const hexDigits = (size: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map(toHex);
const safe = (min: number): fc.Arbitrary<number> =>
  fc.integer({ min, max: Number.MAX_SAFE_INTEGER });
const anySettings: fc.Arbitrary<Settings> = fc.record({
  clusterId: hexDigits(16).map((text) => text as ClusterId),
  groupCount: fc.integer({ min: 1, max: 256 }),
  durability: fc.constantFrom(...DURABILITIES),
  quotaBytes: safe(1),
  tableSeed: hexDigits(8),
  sessionsMax: fc.integer({ min: 1, max: 1 << 20 }),
  sessionIdleMs: safe(1),
  sessionResultBytesMax: safe(4096),
  featureLevel: fc.nat(0xffff),
});
const anyChange: fc.Arbitrary<SettingChange> = fc.oneof(
  fc.record({ name: fc.constant<SettingName>('durability'), value: fc.nat(2) }),
  fc.record({ name: fc.constant<SettingName>('featureLevel'), value: fc.nat(0xffff) }),
  fc.record({
    name: fc.constantFrom<SettingName>('quotaBytes', 'sessionIdleMs', 'sessionResultBytesMax'),
    value: safe(4096),
  }),
  fc.record({
    name: fc.constant<SettingName>('sessionsMax'),
    value: fc.integer({ min: 1, max: 1 << 20 }),
  }),
);
const anyChanges = fc.uniqueArray(anyChange, { minLength: 1, selector: ({ name }) => name });

describe('a formation in bytes', () => {
  test('is the settings, then the configuration', () => {
    const bytes = encodeFormation({ settings: SETTINGS, configuration: VOTERS });
    expect(toHex(bytes)).toBe(
      hex(
        '000102030405060708090a0b0c0d0e0f', // cluster id
        'efcdab8967452301', // table seed
        '01000000 01 00 0000', // one group, durable
        '0000004000000000', // quota: 1 GiB
        '00000100 01000000', // 65,536 sessions, feature level 1
        '80ee360000000000', // sessions end after an hour
        '0000000400000000', // 64 MiB of session results
        '0200 0000 0000 0000',
        '0100 0000 00000000 11111111111111111111111111111111',
        '0200 0000 00000000 22222222222222222222222222222222',
      ),
    );
  });

  test('comes back, whatever the settings, at any offset', () => {
    fc.assert(
      fc.property(anySettings, fc.nat(9), (settings, at) => {
        const formation: Formation = { settings, configuration: VOTERS };
        const bytes = concatBytes([new Uint8Array(at).fill(0xee), encodeFormation(formation)]);
        expect(decodeFormation(bytes, at, bytes.length)).toEqual(formation);
        expect(decodeSettings(bytes, at, at + 64)).toEqual(settings);
        expect(decodeSettings(bytes, at, at + 63)).toBeNull();
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('that was altered or cut is refused, or is the one encoding of another', () => {
    const bytes = encodeFormation({ settings: SETTINGS, configuration: VOTERS });
    for (let at = 0; at < bytes.length; at++) {
      expect(decodeFormation(bytes, 0, at)).toBeNull();
      for (const byte of [0, 1, 2, 3, 0x7f, 0x80, 0xff]) {
        const altered = Uint8Array.from(bytes);
        altered[at] = byte;
        const found = decodeFormation(altered, 0, altered.length);
        if (found !== null) expect(toHex(encodeFormation(found))).toBe(toHex(altered));
      }
    }
  });

  test('has voters only: nobody learns and nothing is in transition before the first entry', () => {
    const settings = encodeSettings(SETTINGS);
    const m1 = hex('0100000000000000', '11'.repeat(16));
    const m2 = hex('0200000000000000', '22'.repeat(16));
    const joint = concatBytes([settings, fromHex(`0100010000000000${m1}${m2}`)]);
    const learning = concatBytes([settings, fromHex(`0100000001000000${m1}${m2}`)]);
    expect(decodeFormation(joint, 0, joint.length)).toBeNull();
    expect(decodeFormation(learning, 0, learning.length)).toBeNull();
    const configuration = { ...VOTERS, learners: [{ id: nodeId(3), store: store('33') }] };
    expect(() => encodeFormation({ settings: SETTINGS, configuration })).toThrow('voters only');
  });

  test.each([
    ['no group', (bytes: Uint8Array) => putU32(bytes, 24, 0)],
    ['257 groups', (bytes: Uint8Array) => putU32(bytes, 24, 257)],
    ['an unknown durability', (bytes: Uint8Array) => putU32(bytes, 28, 3)],
    ['padding that is not zero', (bytes: Uint8Array) => putU32(bytes, 28, 0x101)],
    ['a quota of nothing', (bytes: Uint8Array) => putU64(bytes, 32, 0)],
    ['a quota of 2^53', (bytes: Uint8Array) => putU32(bytes, 36, 0x200000)],
    ['no session', (bytes: Uint8Array) => putU32(bytes, 40, 0)],
    ['a feature level of 65,536', (bytes: Uint8Array) => putU32(bytes, 44, 65536)],
    ['sessions that end at once', (bytes: Uint8Array) => putU64(bytes, 48, 0)],
    ['no room for one result', (bytes: Uint8Array) => putU64(bytes, 56, 4095)],
  ])('with %s is refused', (_name, damage) => {
    const bytes = encodeSettings(SETTINGS);
    damage(bytes);
    expect(decodeSettings(bytes, 0, bytes.length)).toBeNull();
  });
});

describe('settings', () => {
  test('that are out of bounds are explained, and never written', () => {
    expect(checkSettings(SETTINGS)).toBeNull();
    expect(checkSettings({ ...SETTINGS, groupCount: 0 })).toEqual({
      code: 'BAD_SETTING',
      detail: 'groupCount: 0 is not a whole number in 1…256',
    });
    expect(checkSettings({ ...SETTINGS, quotaBytes: 0.5 })!.detail).toMatch(/^quotaBytes/);
    expect(checkSettings({ ...SETTINGS, tableSeed: 'ABC' })!.detail).toMatch(/^tableSeed/);
    const noCluster = { ...SETTINGS, clusterId: '' as ClusterId };
    expect(checkSettings(noCluster)!.detail).toMatch(/^clusterId/);
    expect(() => encodeSettings(noCluster)).toThrow('not checked');
  });

  test('change in what the changes name and in nothing else', () => {
    fc.assert(
      fc.property(anySettings, anyChanges, (before, changes) => {
        if (checkChanges(before, changes) !== null) return;
        const after = changeSettings(before, changes);
        const changed = new Map(changes.map(({ name, value }) => [name, value]));
        for (const name of NAMES) {
          expect(settingValue(after, name)).toBe(changed.get(name) ?? settingValue(before, name));
        }
        expect(after.clusterId).toBe(before.clusterId);
        expect(after.groupCount).toBe(before.groupCount);
        expect(after.tableSeed).toBe(before.tableSeed);
        expect(checkSettings(after)).toBeNull();
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('never lose a feature level, and keep within bounds', () => {
    const level3 = { ...SETTINGS, featureLevel: 3 };
    expect(checkChanges(level3, [{ name: 'featureLevel', value: 3 }])).toBeNull();
    const lower: SettingChange[] = [{ name: 'featureLevel', value: 2 }];
    expect(checkChanges(level3, lower)).toEqual({
      code: 'BAD_SETTING',
      detail: 'featureLevel: 3 cannot go back to 2',
    });
    expect(() => changeSettings(level3, lower)).toThrow('not checked');
    expect(checkChanges(SETTINGS, [{ name: 'durability', value: 3 }])).not.toBeNull();
    expect(checkChanges(SETTINGS, [{ name: 'quotaBytes', value: -1 }])).not.toBeNull();
  });
});

describe('changes in bytes', () => {
  test('are sixteen each, in the order of their fields', () => {
    const changes: SettingChange[] = [
      { name: 'quotaBytes', value: 2 ** 33 },
      { name: 'durability', value: DURABILITIES.indexOf('strict') },
    ];
    expect(toHex(encodeChanges(changes))).toBe(
      hex('0100 0000 00000000 0200000000000000', '0200 0000 00000000 0000000002000000'),
    );
  });

  test('come back, sorted', () => {
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const bytes = encodeChanges(changes);
        const sorted = [...changes].sort((a, b) => SETTING_FIELD[a.name] - SETTING_FIELD[b.name]);
        expect(decodeChanges(bytes, 0, bytes.length)).toEqual(sorted);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('that were altered are refused, or are the one encoding of others', () => {
    fc.assert(
      fc.property(anyChanges, fc.nat(), fc.nat(255), (changes, at, byte) => {
        const bytes = encodeChanges(changes);
        bytes[at % bytes.length] = byte;
        const found = decodeChanges(bytes, 0, bytes.length);
        if (found !== null) expect(toHex(encodeChanges(found))).toBe(toHex(bytes));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  const quota = '0200000000000000 0000000001000000';
  const idle = '0400000000000000 0100000000000000';
  test.each([
    ['none', ''],
    ['a cut one', quota.slice(0, -2)],
    ['one of no known field', quota.replace('02', '07')],
    ['one of field 0', quota.replace('02', '00')],
    ['padding that is not zero', '0200010000000000 0000000001000000'],
    ['more padding that is not zero', '0200000000000001 0000000001000000'],
    ['a value of 2^53', '0200000000000000 0000000000002000'],
    ['a value out of bounds', '0100000000000000 0300000000000000'],
    ['two out of order', idle + quota],
    ['the same field twice', quota + quota],
  ])('with %s are refused', (_name, text) => {
    const bytes = fromHex(hex(text));
    expect(decodeChanges(bytes, 0, bytes.length)).toBeNull();
  });

  test('that name a setting twice, or nothing, are never written', () => {
    const twice: SettingChange[] = [
      { name: 'quotaBytes', value: 1 },
      { name: 'quotaBytes', value: 2 },
    ];
    expect(() => encodeChanges(twice)).toThrow('twice');
    expect(() => encodeChanges([])).toThrow('no change');
    expect(() => encodeChanges([{ name: 'durability', value: 9 }])).toThrow('bounds');
  });
});
