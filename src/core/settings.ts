/**
 * Replicated settings: their encoding, their bounds, and how they change.
 *
 *   settings, 64 bytes                        change, 16 bytes each, ascending by field
 *    0  16 bytes cluster id                    0  u16 field (SETTING_FIELD)
 *   16  u64 table seed                         2  u16 zero
 *   24  u32 group count                        4  u32 zero
 *   28  u8  durability, u8 zero, u16 zero      8  u64 value
 *   32  u64 quota bytes
 *   40  u32 sessions at most                  formation: settings, then a configuration
 *   44  u32 feature level                     (members.ts) of voters only
 *   48  u64 session idle milliseconds
 *   56  u64 session result bytes at most
 *
 * 1. A formation is the body of entry 1; a list of changes is the value of a SETTINGS command.
 * 2. Cluster id, table seed and group count are for life: they decide where keys lie. The feature
 *    level only rises, because data may already depend on it.
 * 3. Bounds are checked before a change is proposed, to explain, and again when it is applied,
 *    because apply reads the entry and the state and trusts neither proposer nor flags.
 *
 * Decoding answers null; what a user got wrong is a Failure; human sizes and durations are the
 * command line's business.
 */
import { assert } from '../base/assert.ts';
import {
  concatBytes,
  fromHex,
  getU16,
  getU32,
  getU64,
  isSafeU64,
  putU16,
  putU32,
  putU64,
  toHex,
} from '../base/bytes.ts';
import { type Failure, failure } from '../base/errors.ts';
import { hashToHex } from '../base/hash.ts';
import type { ClusterId } from '../base/units.ts';
import { decodeConfiguration, encodeConfiguration } from './members.ts';
import {
  type Configuration,
  type Durability,
  SESSION_RESULT_BYTES_MAX,
  type Settings,
} from './types.ts';

export const SETTINGS_BYTES = 64;
const CHANGE_BYTES = 16;

/** A durability's byte is its place here, weakest first: a higher one promises more. */
export const DURABILITIES = ['unsafe', 'durable', 'strict'] as const satisfies Durability[];

/** The number of a setting that may change, in a change's bytes. */
export const SETTING_FIELD = {
  durability: 1,
  quotaBytes: 2,
  sessionsMax: 3,
  sessionIdleMs: 4,
  sessionResultBytesMax: 5,
  featureLevel: 6,
} as const;
export type SettingName = keyof typeof SETTING_FIELD;

/** `value` of durability is its place in DURABILITIES. */
export interface SettingChange {
  readonly name: SettingName;
  readonly value: number;
}

/** What entry 1 holds: how a cluster begins. */
export interface Formation {
  readonly settings: Settings;
  readonly configuration: Configuration;
}

/** First values where no flag gives another; a cluster's own ids are drawn when it forms. */
export const DEFAULT_SETTINGS: Omit<Settings, 'clusterId' | 'tableSeed'> = {
  groupCount: 1,
  durability: 'durable',
  quotaBytes: 1024 * 1024 * 1024,
  sessionsMax: 65_536,
  sessionIdleMs: 60 * 60 * 1000,
  sessionResultBytesMax: 64 * 1024 * 1024,
  featureLevel: 1,
};

interface Bounds {
  readonly low: number;
  readonly high: number;
}

export const GROUPS_MAX = 256;

/** Both ends included. */
const BOUNDS = {
  groupCount: { low: 1, high: GROUPS_MAX },
  durability: { low: 0, high: DURABILITIES.length - 1 },
  quotaBytes: { low: 1, high: Number.MAX_SAFE_INTEGER },
  sessionsMax: { low: 1, high: 1024 * 1024 },
  sessionIdleMs: { low: 1, high: Number.MAX_SAFE_INTEGER },
  // One result of the largest size must fit.
  sessionResultBytesMax: { low: SESSION_RESULT_BYTES_MAX, high: Number.MAX_SAFE_INTEGER },
  featureLevel: { low: 0, high: 0xffff },
} as const satisfies Record<SettingName | 'groupCount', Bounds>;

const CHANGEABLE = Object.keys(SETTING_FIELD) as readonly SettingName[];

/** A setting as the number that its bytes hold. */
export function settingValue(settings: Settings, name: SettingName): number {
  return name === 'durability' ? DURABILITIES.indexOf(settings.durability) : settings[name];
}

/** What is wrong with `settings`, or null. */
export function checkSettings(settings: Settings): Failure | null {
  if (!/^[0-9a-f]{32}$/.test(settings.clusterId)) return badSetting('clusterId: not 32 hex digits');
  if (!/^[0-9a-f]{16}$/.test(settings.tableSeed)) return badSetting('tableSeed: not 16 hex digits');
  const groups = checkBounds('groupCount', settings.groupCount);
  if (groups !== null) return groups;
  for (const name of CHANGEABLE) {
    const problem = checkBounds(name, settingValue(settings, name));
    if (problem !== null) return problem;
  }
  return null;
}

/** Why `changes` may not be made to `settings`, or null. */
export function checkChanges(
  settings: Settings,
  changes: readonly SettingChange[],
): Failure | null {
  for (const { name, value } of changes) {
    const problem = checkBounds(name, value);
    if (problem !== null) return problem;
    if (name === 'featureLevel' && value < settings.featureLevel) {
      return badSetting(`featureLevel: ${settings.featureLevel} cannot go back to ${value}`);
    }
  }
  return null;
}

/** `settings` after `changes`, which `checkChanges` has found good. */
export function changeSettings(settings: Settings, changes: readonly SettingChange[]): Settings {
  assert(checkChanges(settings, changes) === null, 'internal', 'settings change not checked');
  const values = new Map(changes.map(({ name, value }) => [name, value]));
  const after = (name: SettingName): number => values.get(name) ?? settingValue(settings, name);
  return {
    clusterId: settings.clusterId,
    groupCount: settings.groupCount,
    durability: DURABILITIES[after('durability')]!,
    quotaBytes: after('quotaBytes'),
    tableSeed: settings.tableSeed,
    sessionsMax: after('sessionsMax'),
    sessionIdleMs: after('sessionIdleMs'),
    sessionResultBytesMax: after('sessionResultBytesMax'),
    featureLevel: after('featureLevel'),
  };
}

function checkBounds(name: keyof typeof BOUNDS, value: number): Failure | null {
  const { low, high } = BOUNDS[name];
  if (Number.isInteger(value) && value >= low && value <= high) return null;
  return badSetting(`${name}: ${value} is not a whole number in ${low}…${high}`);
}

function badSetting(detail: string): Failure {
  return failure('BAD_SETTING', detail);
}

/** 64 bytes. `settings` must have passed `checkSettings`. */
export function encodeSettings(settings: Settings): Uint8Array {
  assert(checkSettings(settings) === null, 'internal', 'settings not checked');
  const bytes = new Uint8Array(SETTINGS_BYTES);
  bytes.set(fromHex(settings.clusterId), 0);
  putU32(bytes, 16, Number.parseInt(settings.tableSeed.slice(8), 16));
  putU32(bytes, 20, Number.parseInt(settings.tableSeed.slice(0, 8), 16));
  putU32(bytes, 24, settings.groupCount);
  putU32(bytes, 28, DURABILITIES.indexOf(settings.durability));
  putU64(bytes, 32, settings.quotaBytes);
  putU32(bytes, 40, settings.sessionsMax);
  putU32(bytes, 44, settings.featureLevel);
  putU64(bytes, 48, settings.sessionIdleMs);
  putU64(bytes, 56, settings.sessionResultBytesMax);
  return bytes;
}

/** The settings in the 64 bytes at `at`, or null: malformed, out of bounds, or not within `end`. */
export function decodeSettings(bytes: Uint8Array, at: number, end: number): Settings | null {
  if (end - at < SETTINGS_BYTES) return null;
  // Byte 28 is the durability; the three after it are zero, so all four read as one number.
  const durability = DURABILITIES[getU32(bytes, at + 28)];
  if (durability === undefined) return null;
  if (!isSafeU64(bytes, at + 32) || !isSafeU64(bytes, at + 48) || !isSafeU64(bytes, at + 56)) {
    return null;
  }
  const settings: Settings = {
    clusterId: toHex(bytes.subarray(at, at + 16)) as ClusterId,
    groupCount: getU32(bytes, at + 24),
    durability,
    quotaBytes: getU64(bytes, at + 32),
    tableSeed: hashToHex(getU32(bytes, at + 20), getU32(bytes, at + 16)),
    sessionsMax: getU32(bytes, at + 40),
    sessionIdleMs: getU64(bytes, at + 48),
    sessionResultBytesMax: getU64(bytes, at + 56),
    featureLevel: getU32(bytes, at + 44),
  };
  return checkSettings(settings) === null ? settings : null;
}

/** The value of a SETTINGS command. Each setting at most once; at least one. */
export function encodeChanges(changes: readonly SettingChange[]): Uint8Array {
  assert(changes.length > 0, 'internal', 'no change');
  const sorted = [...changes].sort((a, b) => SETTING_FIELD[a.name] - SETTING_FIELD[b.name]);
  const bytes = new Uint8Array(sorted.length * CHANGE_BYTES);
  sorted.forEach(({ name, value }, slot) => {
    assert(slot === 0 || sorted[slot - 1]!.name !== name, 'internal', 'a setting changed twice');
    assert(checkBounds(name, value) === null, 'internal', 'setting out of bounds');
    putU16(bytes, slot * CHANGE_BYTES, SETTING_FIELD[name]);
    putU64(bytes, slot * CHANGE_BYTES + 8, value);
  });
  return bytes;
}

/** The changes that fill bytes [at, end) exactly, or null: malformed or out of bounds. */
export function decodeChanges(
  bytes: Uint8Array,
  at: number,
  end: number,
): readonly SettingChange[] | null {
  if (end <= at || (end - at) % CHANGE_BYTES !== 0) return null;
  const changes: SettingChange[] = [];
  let fieldBefore = 0;
  for (let cursor = at; cursor < end; cursor += CHANGE_BYTES) {
    const field = getU16(bytes, cursor);
    const change = field > fieldBefore ? decodeChange(bytes, cursor) : null;
    if (change === null) return null;
    changes.push(change);
    fieldBefore = field;
  }
  return changes;
}

function decodeChange(bytes: Uint8Array, at: number): SettingChange | null {
  const name = CHANGEABLE.find((candidate) => SETTING_FIELD[candidate] === getU16(bytes, at));
  if (name === undefined || !isSafeU64(bytes, at + 8)) return null;
  if (getU16(bytes, at + 2) !== 0 || getU32(bytes, at + 4) !== 0) return null;
  const value = getU64(bytes, at + 8);
  return checkBounds(name, value) === null ? { name, value } : null;
}

/** The body of entry 1: a multiple of 8 bytes. */
export function encodeFormation({ settings, configuration }: Formation): Uint8Array {
  assert(isFounding(configuration), 'internal', 'a cluster forms of voters only');
  return concatBytes([encodeSettings(settings), encodeConfiguration(configuration)]);
}

/** The formation that fills bytes [at, end) exactly, or null. */
export function decodeFormation(bytes: Uint8Array, at: number, end: number): Formation | null {
  const settings = decodeSettings(bytes, at, end);
  if (settings === null) return null;
  const configuration = decodeConfiguration(bytes, at + SETTINGS_BYTES, end);
  if (configuration === null || !isFounding(configuration)) return null;
  return { settings, configuration };
}

function isFounding({ outgoing, learners }: Configuration): boolean {
  return outgoing.length === 0 && learners.length === 0;
}
