/**
 * durable-quorum: a snapshot stands for the log below it, which is gone. So the file that a durable
 * mark names is on the disk, under its name and in full, even if the power goes now.
 */
import { type GroupId, type LogIndex, ZERO_TICKET } from '../../../src/base/units.ts';
import { snapshotFile } from '../../../src/core/snapshots/names.ts';
import { newScan, nextRead, takeRead } from '../../../src/core/snapshots/scan.ts';
import type { RecoveredGroup } from '../../../src/core/types.ts';
import type { Group } from '../../../src/node/group.ts';
import { type PlatterFile, perform } from './platter.ts';
import { violate } from './violate.ts';

const READ_BYTES_MAX = 1024 * 1024;

export interface Shelf {
  /** Of the platter, with copies of their contents. */
  readonly filesCalled: (name: string) => readonly PlatterFile[];
  /** Names of files that were looked at: what was synced once stays. */
  readonly proved: Set<string>;
}

/** `found`: what a restart would find in the log. `groups`: what is running. */
export function checkSnapshots(
  found: readonly RecoveredGroup[],
  groups: readonly Group[],
  { filesCalled, proved }: Shelf,
): void {
  for (const { group, snapshotIndex: index } of found) {
    const name = snapshotFile(group, index);
    if (index === 0 || proved.has(name)) continue;
    const running = groups.find(({ id }) => id === group);
    if (running !== undefined && isBeingReplaced(running, index)) continue;
    const fault = faultOf(new Map(filesCalled(name).map((file) => [file.name, file.bytes])), {
      name,
      group,
      index,
    });
    if (fault !== null) violate('durable-quorum', `the log counts on a snapshot: ${fault}`);
    proved.add(name);
  }
}

/** It is known to be damaged, and the mark of the one that took its place is on its way to the disk. */
const isBeingReplaced = ({ raft, files }: Group, index: LogIndex): boolean =>
  raft.snapshotIndex > index &&
  files.files.some((file) => file.index === index && file.standing === 'damaged');

/** What is wrong with the file as recovery would read it, or null. */
function faultOf(
  files: Map<string, Uint8Array>,
  { name, group, index }: { name: string; group: GroupId; index: LogIndex },
): string | null {
  const scan = newScan(name, {
    group,
    index: index as RecoveredGroup['snapshotIndex'],
    isFresh: true,
  });
  for (;;) {
    const outcome = perform(files, nextRead(scan, READ_BYTES_MAX));
    const step = takeRead(scan, { ...outcome, ticket: ZERO_TICKET });
    if (step.kind === 'failed') return step.failure.detail;
    if (step.isLast) return null;
  }
}
