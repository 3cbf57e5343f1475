/** Twenty seeds of the simulator: whole clusters of the same machines, with everything failing. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { SIMULATOR } from '../sim.ts';

const SEEDS = '1..20';

export interface SeedCount {
  readonly passed: number;
  readonly failed: number;
  /** What a person should see of the failures; empty when there are none. */
  readonly told: string;
}

export async function runSeeds(): Promise<SeedCount> {
  const jobs = `${availableParallelism()}`;
  const args = [SIMULATOR, '--seeds', SEEDS, '--jobs', jobs, '--keep-going', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await new Promise<void>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return judge(stdout, stderr);
}

/** The last line of `--seeds … --json` is one object. */
export function judge(stdout: string, stderr: string): SeedCount {
  try {
    const last = stdout.trimEnd().split('\n').at(-1) ?? '';
    const { passed, failed }: { passed: number; failed: readonly unknown[] } = JSON.parse(last);
    const told = failed.length === 0 ? '' : `seeds ${failed.join(', ')}; see kv sim --seed N`;
    return { passed, failed: failed.length, told };
  } catch {
    return { passed: 0, failed: 1, told: `the simulator did not report: ${stderr.trim()}` };
  }
}
