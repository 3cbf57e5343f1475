// Builds the native helper (native/) into native/build, where there are CMake and a compiler.
//
// 1. Without them, or when the build fails, the plain ports run; one line says so and why.
// 2. Nothing is downloaded: Node's headers come with the npm package `node`.
// 3. Building what is built already takes a tenth of a second, so it is done before every run of the
//    checks and of `npm start`: nobody meets an addon that is older than its sources.
// Runs on Node 20 and imports nothing that has to be installed first.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'native');
const build = join(source, 'build');
const logFile = join(build, 'build.log');

/** Answers null when the addon is there, else why it is not. */
export function buildNative() {
  if (!existsSync(join(source, 'CMakeLists.txt'))) return 'there is no native/ here';
  if (run('cmake', ['--version']).error !== undefined) return 'cmake is not installed';
  mkdirSync(build, { recursive: true });
  const steps = [
    ['cmake', ['-S', source, '-B', build]],
    ['cmake', ['--build', build, '--target', 'apex', '--parallel', '2']],
  ];
  if (existsSync(join(build, 'CMakeCache.txt'))) steps.shift();
  for (const [program, args] of steps) {
    const { status, stdout, stderr } = run(program, args);
    if (status === 0) continue;
    writeFileSync(logFile, `${stdout}${stderr}`);
    return `the build failed (${logFile})`;
  }
  return null;
}

/** The same, with the one line where it did not come about. */
export function buildNativeOrSay() {
  const reason = buildNative();
  if (reason !== null) {
    process.stderr.write(`apex-kv: no native helper: ${reason}; the plain ports run\n`);
  }
}

function run(program, args) {
  return spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });
}
