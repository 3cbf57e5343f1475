/** Where a bench ran: without it a figure means nothing. */
import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Of the file system with the data, as statfs numbers them. */
  readonly fileSystem: string;
  /** Runnable processes over the last minute, before the bench began. */
  readonly load: number;
}

const FILE_SYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x5846_5342, 'xfs'],
  [0x9123_683e, 'btrfs'],
  [0x0102_1994, 'tmpfs'],
  [0x794c_7630, 'overlayfs'],
]);

export function machineAt(directory: string): Machine {
  const { type } = statfsSync(directory);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    fileSystem: FILE_SYSTEMS.get(type) ?? `0x${type.toString(16)}`,
    load: Math.round(loadavg()[0]! * 100) / 100,
  };
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryBytes, kernel, node, fileSystem, load } = machine;
  const gib = Math.round(memoryBytes / 2 ** 30);
  return `${cores} × ${cpu}, ${gib} GiB, kernel ${kernel}, ${fileSystem}, Node ${node}, load ${load}`;
}
