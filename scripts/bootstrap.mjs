// The first step of `npm start`, `npm test` and `npm run ci`, on whatever Node the machine has.
//
// 1. Runs on Node 20 and imports nothing that has to be installed first.
// 2. Installs with `npm ci` when what stands in node_modules is not what the lockfile says.
// 3. Finds a Node that runs TypeScript as it is (24 or newer): the one that the npm package
//    `node` brought, else the one that runs this file.
// 4. Hands over to the real script under that Node, and takes over its exit code.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { launcherPath, writeLauncher } from './install.mjs';
import { buildNative } from './native.mjs';

export const NODE_MAJOR_MIN = 24;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binFolder = join(root, 'node_modules', '.bin');

/** Runs `script` (a path below the repository) under a new enough Node; never returns. */
export function handOver(script, args) {
  if (!isInstalled()) npm('ci');
  const node = newEnoughNode() ?? rebuiltNode();
  if (node === null) fail(`no Node ${NODE_MAJOR_MIN} or newer here; ${remedy}`);
  if (!existsSync(launcherPath)) writeLauncher();
  // Whether it succeeds is said by whoever loads the addon.
  buildNative();

  const path = [binFolder, process.env.PATH ?? ''].join(delimiter);
  const child = spawn(node, [join(root, script), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  // A Ctrl-C reaches the whole process group, so the child has it already: here it only must not
  // end the parent first. The other signals are sent to one process and have to be passed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

const remedy =
  'install one, or run `npm rebuild node` and look at what it says ' +
  '(the package `node` fetches its binary in an install script, which must be allowed to run)';

/** True when node_modules holds every package of the lockfile that this platform must have. */
function isInstalled() {
  const wanted = packagesIn(join(root, 'package-lock.json'));
  const present = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === null) fail('package-lock.json is missing or damaged');
  if (present === null) return false;
  return Object.entries(wanted).every(
    ([name, entry]) =>
      name === '' || entry.optional === true || present[name]?.version === entry.version,
  );
}

function packagesIn(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    process.stderr.write(`${file}: ${error.message}\n`);
    return null;
  }
}

function newEnoughNode() {
  return [join(binFolder, 'node'), process.execPath].find(isNewEnough) ?? null;
}

function isNewEnough(node) {
  if (!existsSync(node)) return false;
  const asked = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return asked.status === 0 && Number.parseInt(asked.stdout, 10) >= NODE_MAJOR_MIN;
}

/** The install script of the package `node` was kept from running, or failed: once more, aloud. */
function rebuiltNode() {
  npm('rebuild', 'node', '--ignore-scripts=false', '--foreground-scripts');
  return newEnoughNode();
}

function npm(...args) {
  process.stderr.write(`npm ${args.join(' ')}\n`);
  // Packages name the Node they want; until the right one is installed that is only noise.
  const done = spawnSync('npm', [...args, '--loglevel=error'], {
    cwd: root,
    // Standard output belongs to the script that follows.
    stdio: ['ignore', 2, 2],
    // node_modules/.bin may hold the very binary that is about to be replaced.
    env: { ...process.env, PATH: pathWithoutBin() },
  });
  if (done.error !== undefined) fail(`npm does not start: ${done.error.message}`);
  if (done.status !== 0) fail(`npm ${args.join(' ')} failed`);
}

function pathWithoutBin() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.filter((folder) => folder !== binFolder).join(delimiter);
}

function fail(message) {
  process.stderr.write(`apex-kv: ${message}\n`);
  process.exit(1);
}
