/** What the machine did besides us, from the first line of /proc/stat (proc(5)). Linux only. */
import { readFileSync } from 'node:fs';
import type { Surroundings } from './verdict.ts';

/** In ticks, of all cores together. */
export interface Busy {
  readonly busy: number;
  readonly steal: number;
  readonly all: number;
}

export const busyNow = (): Busy => busyOf(readFileSync('/proc/stat', 'utf8'));

/** user nice system idle iowait irq softirq steal; what guests took is in the first two. */
export function busyOf(stat: string): Busy {
  const numbers = stat.split('\n')[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  const [user, nice, system, , , irq, softirq, steal] = numbers as [number, ...number[]];
  const busy = user + nice! + system! + irq! + softirq!;
  return { busy, steal: steal!, all: numbers.reduce((sum, each) => sum + each, 0) };
}

/** `ownTicks`: what servers and clients took between the two. */
export function surroundingsOf(before: Busy, after: Busy, ownTicks: number): Surroundings {
  const all = after.all - before.all;
  const foreign = Math.max(0, after.busy - before.busy - ownTicks);
  const share = (ticks: number): number => (all === 0 ? 0 : ticks / all);
  return { stealShare: share(after.steal - before.steal), foreignShare: share(foreign) };
}
