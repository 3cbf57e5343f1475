/**
 * The import walls bite: a tree without fault passes all rules, and each forbidden import, put into
 * it alone, is refused by the rule that is meant to refuse it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import walls from '../.dependency-cruiser.mjs';

const empty = 'export const it = 1;\n';

/** A small tree in the project's shape, every import of which is allowed. */
const soundTree: Readonly<Record<string, string>> = {
  'node_modules/xstate/package.json': '{ "name": "xstate", "version": "5.0.0" }',
  'node_modules/xstate/index.js': 'export const createMachine = 1;\n',
  'node_modules/pino/package.json': '{ "name": "pino", "version": "10.0.0" }',
  'node_modules/pino/index.js': 'export const pino = 1;\n',
  'package.json': '{ "type": "module", "dependencies": { "xstate": "5", "pino": "10" } }',
  'tsconfig.json': '{ "compilerOptions": { "module": "nodenext" } }',
  'native/addon.ts': empty,
  'sim/world/world.ts': "import { it } from '../../src/node/turn.ts';\nexport const world = it;\n",
  'sim/cli/main.ts': "import 'node:fs';\nimport '../world/world.ts';\n",
  'sim/conformance/disk.ts': "import 'node:fs';\nimport '../../src/runtime/disk.ts';\n",
  'src/base/bits.ts': empty,
  'src/base/bytes.ts': "import './bits.ts';\nexport const it = 1;\n",
  'src/base/tree.ts': "import type { Leaf } from './leaf.ts';\nexport type Tree = Leaf;\n",
  'src/base/leaf.ts': "import type { Tree } from './tree.ts';\nexport type Leaf = Tree | 1;\n",
  'src/core/types.ts': "import { it } from '../base/bytes.ts';\nexport type Term = typeof it;\n",
  'src/core/raft/vote.ts': "import '../types.ts';\nexport const it = 1;\n",
  'src/core/raft/step.ts': "import './vote.ts';\nexport const it = 1;\n",
  'src/core/raft/step.test.ts': "import 'node:fs';\nimport 'pino';\nimport './step.ts';\n",
  'src/core/wal/step.ts': empty,
  'src/ports/disk.ts': "import type { Term } from '../core/types.ts';\nexport type Disk = Term;\n",
  'src/node/turn.ts': [
    "import 'xstate';",
    "import type { Disk } from '../ports/disk.ts';",
    "import '../core/raft/step.ts';",
    'export const it: Disk = 1;',
  ].join('\n'),
  'src/runtime/disk.ts': "import 'node:fs';\nimport 'pino';\nimport '../../native/addon.ts';\n",
  'src/cli/serve.ts': "import '../runtime/disk.ts';\nimport '../../sim/cli/main.ts';\n",
  'src/main.ts': "import './cli/serve.ts';\n",
};

/** [the rule that must bite, the offender, its import] */
const offences: readonly (readonly [string, string, string])[] = [
  ['base-is-a-leaf', 'src/base/upwards.ts', "import '../core/types.ts';"],
  ['base-is-a-leaf', 'src/base/npm.ts', "import 'pino';"],
  ['base-is-a-leaf', 'src/base/builtin.ts', "import 'node:crypto';"],
  ['core-shared-imports-base', 'src/core/entry.ts', "import './raft/vote.ts';"],
  ['core-shared-imports-base', 'src/core/npm.ts', "import 'xstate';"],
  ['core-shared-imports-base', 'src/core/builtin.ts', "import 'node:fs';"],
  ['machines-stand-alone', 'src/core/wal/machine.ts', "import '../raft/vote.ts';"],
  ['machines-stand-alone', 'src/core/wal/type.ts', "import type { it } from '../raft/vote.ts';"],
  ['machines-stand-alone', 'src/core/wal/port.ts', "import '../../ports/disk.ts';"],
  ['machines-stand-alone', 'src/core/wal/npm.ts', "import 'xstate';"],
  ['machines-stand-alone', 'src/core/wal/builtin.ts', "import 'node:fs';"],
  ['machines-stand-alone', 'src/core/wal/upwards.ts', "import '../../node/turn.ts';"],
  ['ports-are-vocabulary', 'src/ports/node.ts', "import type { it } from '../node/turn.ts';"],
  [
    'ports-are-vocabulary',
    'src/ports/machine.ts',
    "import type { it } from '../core/wal/step.ts';",
  ],
  ['ports-are-types', 'src/ports/value.ts', "import { it } from '../base/bytes.ts';"],
  ['node-is-portable', 'src/node/runtime.ts', "import 'pino';"],
  ['node-is-portable', 'src/node/builtin.ts', "import 'node:net';"],
  ['tests-stay-at-home', 'src/core/wal/step.test.ts', "import '../raft/step.ts';"],
  ['runtime-behind-the-root', 'sim/world/real.ts', "import '../../src/runtime/disk.ts';"],
  ['runtime-behind-the-root', 'sim/cli/real.ts', "import '../../src/runtime/disk.ts';"],
  ['root-is-the-top', 'sim/world/cli.ts', "import '../../src/cli/serve.ts';"],
  ['root-is-the-top', 'src/runtime/main.ts', "import '../main.ts';"],
  ['native-behind-the-runtime', 'src/cli/native.ts', "import '../../native/addon.ts';"],
  ['native-behind-the-runtime', 'sim/conformance/native.ts', "import '../../native/addon.ts';"],
  ['production-knows-no-simulator', 'src/runtime/sim.ts', "import '../../sim/world/world.ts';"],
  ['simulator-runs-in-a-page', 'sim/world/clock.ts', "import 'node:perf_hooks';"],
  ['no-cycles', 'src/base/bits.ts', "import './bytes.ts';"],
  ['no-dead-imports', 'src/base/dead.ts', "import './missing.ts';"],
  ['no-test-imports', 'src/base/helped.ts', "import './bytes.test.ts';"],
];

let root = '';
let sound: readonly string[] = [];
const bitten = new Map<string, readonly string[]>();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'apex-walls-'));
  for (const [file, text] of Object.entries(soundTree)) write(file, text);
  write('src/base/bytes.test.ts', empty);
  sound = await rulesBroken();
  for (const [, file, text] of offences) {
    write(file, `${text}\n`);
    bitten.set(file, await rulesBroken());
    restore(file);
  }
}, 60_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function restore(file: string): void {
  const original = soundTree[file];
  if (original === undefined) rmSync(join(root, file));
  else write(file, original);
}

async function rulesBroken(): Promise<readonly string[]> {
  const reply = await cruise(['src', 'sim'], {
    ...walls.options,
    tsConfig: { fileName: join(root, 'tsconfig.json') },
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: walls.forbidden },
  });
  const { summary } = reply.output as ICruiseResult;
  return summary.violations.map((violation) => violation.rule.name);
}

describe('the import walls', () => {
  test('let a sound tree pass', () => {
    expect(sound).toEqual([]);
  });

  test.each(offences)('%s: refuses %s with %s', (rule, file) => {
    expect(bitten.get(file)).toContain(rule);
  });

  test('have no rule without a proof that it bites', () => {
    const proved = new Set(offences.map(([rule]) => rule));
    expect([...proved].sort()).toEqual(walls.forbidden.map((rule) => rule.name).sort());
  });
});
