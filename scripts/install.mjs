// Writes the launcher ./build/kv and builds the native helper (native.mjs). npm runs this after every
// install (package.json, postinstall).
//
// The launcher is POSIX sh: it finds the repository from its own place, through symlinks, and runs
// src/main.ts under the Node that the npm package `node` brought, else under the machine's own.
// Node keeps there what it has compiled: half of a start is stripping types and compiling. Where it
// may not write, it goes on without. A node's heap begins as large as it becomes under load: grown
// from the engine's own beginning it is collected whole six times a second (docs/adr/0011-scout.md).
// What is no node is told apart by its first letter: --client, --bench, --test, and commands.
// Runs on Node 20 and imports nothing that has to be installed first.
import { chmodSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildNativeOrSay } from './native.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const launcherPath = join(root, 'build', 'kv');

export const launcher = `#!/bin/sh
# Written by scripts/install.mjs.
self=$0
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=$(dirname "$self")/$target ;;
  esac
done
root=$(CDPATH= cd "$(dirname "$self")/.." && pwd -P) || exit 1
node=$root/node_modules/.bin/node
[ -x "$node" ] || node=node
: "\${NODE_COMPILE_CACHE:=$root/node_modules/.cache/kv}"
export NODE_COMPILE_CACHE
heap='--initial-heap-size=128 --min-semi-space-size=16 --heap-growing-percent=300'
case \${1-} in
  serve | --[!cbt]*) set -- $heap "$root/src/main.ts" "$@" ;;
  *) set -- "$root/src/main.ts" "$@" ;;
esac
exec "$node" "$@"
`;

export function writeLauncher() {
  mkdirSync(dirname(launcherPath), { recursive: true });
  writeFileSync(launcherPath, launcher);
  chmodSync(launcherPath, 0o755);
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeLauncher();
  buildNativeOrSay();
}
