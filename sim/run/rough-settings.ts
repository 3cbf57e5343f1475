/**
 * Settings as somebody changes them while the cluster works: from group to group, by themselves or
 * several at once, now and then to what is refused.
 *
 * `unsafe` is left out: what it promises outlives no loss of power, and power is lost here.
 */
import { putU16, putU64 } from '../../src/base/bytes.ts';
import {
  DEFAULT_SETTINGS,
  DURABILITIES,
  encodeChanges,
  SETTING_FIELD,
  type SettingChange,
  type SettingName,
} from '../../src/core/settings.ts';
import type { Settings } from '../../src/core/types.ts';
import type { Stream } from '../world/streams.ts';

type First = Omit<Settings, 'clusterId' | 'tableSeed'>;

const NAMES = Object.keys(SETTING_FIELD) as readonly SettingName[];
const MALFORMED_PERMILLE = 150;

/** The value of a SETTINGS command; `first` is what the cluster began with. */
export function drawSettings(stream: Stream, first: First): Uint8Array {
  const count = stream.pick([1, 1, 1, 2, 3]);
  const names = stream.shuffle([...NAMES]).slice(0, count);
  const changes = names.map((name) => drawChange(stream, name, first));
  const bytes = encodeChanges(changes);
  return stream.permille(MALFORMED_PERMILLE) ? malformed(stream, bytes) : bytes;
}

function drawChange(stream: Stream, name: SettingName, first: First): SettingChange {
  const { quotaBytes, sessionsMax, sessionIdleMs, sessionResultBytesMax } = first;
  switch (name) {
    case 'durability':
      return { name, value: DURABILITIES.indexOf(stream.pick(['durable', 'strict'])) };
    case 'quotaBytes':
      return { name, value: stream.pick([...[quotaBytes, quotaBytes, quotaBytes], 1, 800, 6_000]) };
    case 'sessionsMax':
      return { name, value: stream.pick([sessionsMax, sessionsMax, 1, 3, 6]) };
    case 'sessionIdleMs':
      return { name, value: stream.pick([sessionIdleMs, sessionIdleMs, 500, 3_000]) };
    case 'sessionResultBytesMax': {
      const { sessionResultBytesMax: most } = DEFAULT_SETTINGS;
      return { name, value: stream.pick([sessionResultBytesMax, most, 4_096]) };
    }
    case 'featureLevel':
      // It only rises: the lower of these is refused once the higher was there.
      return { name, value: stream.pick([0, 1, 1, 2]) };
  }
}

/** Cut short, of no known field, or out of bounds. */
function malformed(stream: Stream, good: Uint8Array): Uint8Array {
  const bytes = good.slice();
  switch (stream.below(4)) {
    case 0:
      return bytes.subarray(0, bytes.length - 1 - stream.below(8));
    case 1:
      putU16(bytes, 0, stream.pick([0, 7, 0xffff]));
      return bytes;
    case 2:
      bytes[2 + stream.below(6)] = 1;
      return bytes;
    default:
      putU16(bytes, 0, SETTING_FIELD.durability);
      putU64(bytes, 8, DURABILITIES.length);
      return bytes;
  }
}
