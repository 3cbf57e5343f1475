/**
 * A shrunk failure on paper: the seed, what of its run happens, and which checker saw it. JSON, so
 * that it can be kept beside a test and read by a person.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Schedule } from '../run/schedule.ts';
import type { RunSpec } from './report.ts';

export interface ScheduleFile {
  readonly seed: string;
  readonly nodes: number | null;
  readonly groups: number | null;
  readonly faults: readonly string[] | null;
  /** The known bug that was put back; null: the sources as they were. */
  readonly mutant: string | null;
  readonly checker: string;
  readonly schedule: Schedule;
}

export function writeScheduleFile(file: string, content: ScheduleFile): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** Throws with a message for the user where the file is none of ours. */
export function readScheduleFile(file: string): ScheduleFile {
  const content = JSON.parse(readFileSync(file, 'utf8')) as ScheduleFile;
  if (typeof content.seed !== 'string' || typeof content.schedule !== 'object') {
    throw new Error('not a schedule: it has no seed, or no schedule');
  }
  return content;
}

export function specOf({ nodes, groups, faults, schedule }: ScheduleFile): RunSpec {
  return { world: 'cluster', nodes, groups, faults, schedule };
}
