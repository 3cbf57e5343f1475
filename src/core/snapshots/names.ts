/** What the files of one group are called in the data directory. */
import type { GroupId, LogIndex } from '../../base/units.ts';

const PREFIX = 'snapshot-';
const SUFFIX = '.snapshot';
const INDEX_DIGITS = 16;

export const snapshotFile = (group: GroupId, index: LogIndex): string =>
  `${PREFIX}${group}-${index.toString(16).padStart(INDEX_DIGITS, '0')}${SUFFIX}`;

/** The index that a file's name tells; 0: not a snapshot of `group`. */
export function indexOf(group: GroupId, name: string): LogIndex {
  const digits = name.slice(`${PREFIX}${group}-`.length, -SUFFIX.length);
  const index = /^[0-9a-f]{16}$/.test(digits) ? Number.parseInt(digits, 16) : 0;
  const isOurs = Number.isSafeInteger(index) && name === snapshotFile(group, index as LogIndex);
  return (isOurs ? index : 0) as LogIndex;
}

export const ownTemporary = (group: GroupId): string => `${PREFIX}${group}.tmp`;
export const incomingTemporary = (group: GroupId): string => `${PREFIX}${group}-incoming.tmp`;
