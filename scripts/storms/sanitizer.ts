/**
 * Nodes whose native helper watches itself: the addon is built with ASan and UBSan, and the runtime of
 * ASan is loaded before Node. What it says stands in files of its own.
 *
 * An error ends a node at once. Leaks are looked for when a node ends by itself; Node and the engine
 * leave much behind that nobody misses, so only what the helper has asked for itself counts.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demand } from '../integration/verdict.ts';

/** Of the helper: by its file, or by its sources where they are known. */
const OURS = /apex\.node|\/native\/(addon|base|disk|load|net)\//;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = join(ROOT, 'native/build/addon-address');
const ADDON = join(BUILD, 'apex.node');
const REPORT = 'sanitizer';
const FRAME = /^ +#\d+ .*$/gm;
/** Frames of whoever only passes on what it was asked for. */
const GO_BETWEEN = /libasan|libstdc\+\+|std::|operator new/;

/** Builds the addon; processes that are started from now on use it. */
export function useSanitizedAddon(folder: string): void {
  // One compiler for the addon and the runtime that is loaded first.
  const compiler = '-DCMAKE_CXX_COMPILER=g++';
  const options = [compiler, '-DAPEX_SANITIZE=address', '-DAPEX_TESTS=OFF'];
  run('cmake', ['-S', join(ROOT, 'native'), '-B', BUILD, ...options]);
  run('cmake', ['--build', BUILD, '--target', 'apex', '--parallel', '2']);
  const settings = ['detect_leaks=1', 'exitcode=86', `log_path=${join(folder, REPORT)}`];
  Object.assign(process.env, {
    APEX_ADDON: ADDON,
    LD_PRELOAD: run('g++', ['-print-file-name=libasan.so']).trim(),
    ASAN_OPTIONS: settings.join(':'),
    UBSAN_OPTIONS: 'print_stacktrace=1',
  });
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  demand(status === 0, `${program}: ${error?.message ?? `${stdout}${stderr}`}`);
  return stdout;
}

/** Whether process `pid` has the addon that was built here: a node goes on without any. */
export function isSanitized(pid: number): boolean {
  return readFileSync(`/proc/${pid}/maps`, 'utf8').includes(ADDON);
}

/** What the nodes that worked in `folder` were found to do wrong. */
export function complaints(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((name) => name.startsWith(`${REPORT}.`));
  return files.flatMap((name) => complaintsIn(readFileSync(join(folder, name), 'utf8')));
}

/** One a paragraph: an error as a whole, or a leak. */
export function complaintsIn(report: string): readonly string[] {
  if (!report.includes('LeakSanitizer: detected memory leaks')) return [report];
  const leaks = report.split('\n\n').filter((part) => /^(Direct|Indirect) leak/.test(part.trim()));
  return leaks.filter(isOurs);
}

/** Whether whoever asked for the memory is the helper. */
function isOurs(leak: string): boolean {
  const frames = leak.match(FRAME) ?? [];
  const asker = frames.find((frame) => !GO_BETWEEN.test(frame));
  return asker !== undefined && OURS.test(asker);
}
