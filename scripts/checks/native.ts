/**
 * The native helper's own tests, in three builds: plain, ASan with UBSan, TSan; warnings are errors.
 *
 * Usage: node scripts/checks/native.ts [plain|address|thread …]
 *
 * Each has a folder of its own below native/build, so a second run builds only what has changed. The
 * addon is built by the plain one only: a sanitizer's code does not load into an ordinary Node.
 */
import { spawnSync } from 'node:child_process';

const SOURCE = 'native';
const BUILDS: Readonly<Record<string, readonly string[]>> = {
  plain: [],
  address: ['-DAPEX_SANITIZE=address', '-DAPEX_ADDON=OFF'],
  thread: ['-DAPEX_SANITIZE=thread', '-DAPEX_ADDON=OFF'],
};

function run(program: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error !== undefined) process.stdout.write(`${program}: ${error.message}\n`);
  return status === 0;
}

function check(name: string, options: readonly string[]): boolean {
  process.stdout.write(`native, ${name}\n`);
  const folder = `${SOURCE}/build/check-${name}`;
  return (
    run('cmake', ['-S', SOURCE, '-B', folder, '-DAPEX_WERROR=ON', ...options]) &&
    run('cmake', ['--build', folder, '--parallel', '2']) &&
    run('ctest', ['--test-dir', folder, '--output-on-failure'])
  );
}

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(BUILDS)) {
  const options = BUILDS[name];
  if (options === undefined) process.stdout.write(`there is no build "${name}"\n`);
  if (options === undefined || !check(name, options)) {
    process.exitCode = 1;
    break;
  }
}
