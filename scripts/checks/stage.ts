/**
 * One stage of `npm test`: a command of its own, and how to read its result.
 *
 * A test runner counts its tests; every other tool counts as one check. A stage that exits with an
 * error has at least one failure, whatever its report says.
 */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

export interface Stage {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Stages that keep both cores busy by themselves run alone. */
  readonly alone: boolean;
  /** How a test runner's tally is read; null for a tool that has none. */
  readonly report: Report | null;
}

export interface Report {
  /** The file that the runner writes it to; null for its standard output. */
  readonly file: string | null;
  readonly tally: (text: string) => Tally;
}

export interface Outcome extends Tally {
  readonly stage: Stage;
  readonly seconds: number;
  /** Everything that the stage printed, both streams in the order of arrival. */
  readonly output: string;
}

export function runStage(stage: Stage): Promise<Outcome> {
  const began = performance.now();
  const [program, ...args] = stage.command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Output is indented and kept in logs: escape codes would only be in the way.
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  const stdout: Buffer[] = [];
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    output.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));

  return new Promise((resolve) => {
    const finish = (succeeded: boolean, complaint: string) => {
      const result = judge(stage.report, succeeded, textOf(stdout));
      const seconds = (performance.now() - began) / 1000;
      const text = [textOf(output), complaint, result.complaint].filter((part) => part !== '');
      resolve({ ...result.tally, stage, seconds, output: text.join('\n') });
    };
    child.on('error', (error) => finish(false, `${program}: ${error.message}`));
    child.on('close', (code, signal) => finish(code === 0, signal === null ? '' : `${signal}`));
  });
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString();
}

interface Judgement {
  readonly tally: Tally;
  readonly complaint: string;
}

function judge(report: Report | null, succeeded: boolean, stdout: string): Judgement {
  if (report === null) return { tally: one(succeeded), complaint: '' };
  try {
    const tally = report.tally(report.file === null ? stdout : take(report.file));
    // A runner that is content but ran nothing proves nothing.
    const proved = succeeded && tally.passed + tally.failed > 0;
    const failed = proved ? tally.failed : Math.max(1, tally.failed);
    return { tally: { ...tally, failed }, complaint: '' };
  } catch (error) {
    return { tally: one(false), complaint: `the report cannot be read: ${error}` };
  }
}

function one(succeeded: boolean): Tally {
  return succeeded ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** A report is read once: the next run must not find this one's. */
function take(file: string): string {
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  return text;
}
