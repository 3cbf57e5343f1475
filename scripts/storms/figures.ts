/** What a process holds: memory and descriptors, as the kernel counts them. */
import { readdirSync, readFileSync } from 'node:fs';

const KIB = 1024;

export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * KIB;
}

export const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** How many this process, and those that it starts, may have. */
export function descriptorsMax(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0);
}
