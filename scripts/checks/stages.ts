/**
 * The lists of stages behind `npm test`, `npm run test:core` and `npm run ci`.
 *
 * A new kind of check (the fuzz targets, the clients' tests …) is
 * one more line in the right list, in the commit that brings what it checks.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Report, Stage } from './stage.ts';
import { ctestTally, mutantsTally, simulatorTally, vitestTally } from './tallies.ts';

/** The seeds that every change has to pass; nightly runs and hunts take others. */
const SIMULATOR_SEEDS = '1..12';

/** The seeds that do the same on every engine, in both worlds. */
const ENGINE_SEEDS = '1..5';
const ENGINES = ['node', 'scripts/engines/main.ts', '--seeds', ENGINE_SEEDS] as const;

/** What npm run ci, npm test and npm start build before anything else, where they can. */
const ADDON = 'native/build/apex.node';

/** Tests that need src/runtime or native; the rest stays green when both are deleted. */
const WORLDLY_TESTS = ['src/runtime/**', 'src/cli/**', 'sim/conformance/**', 'bench/**', 'test/**'];

export type ListName = 'test' | 'core' | 'ci';

export const listNames: readonly ListName[] = ['test', 'core', 'ci'];

export function stagesOf(list: ListName): readonly Stage[] {
  switch (list) {
    case 'core':
      return [types('pure'), types('sim'), coreWalls, vitest('core', withoutWorld())];
    case 'test':
      return [
        types('pure'),
        types('sim'),
        types('all'),
        lint,
        walls,
        vitest(existsSync(ADDON) ? 'all' : 'all, no native helper', []),
        ...simulator(),
      ];
    case 'ci':
      return [
        ...stagesOf('test'),
        native(),
        door('native faults', ['scripts/native-faults.sh']),
        mutants,
        door(`engines (seeds ${ENGINE_SEEDS})`, ENGINES),
        door('npm start', ['node', 'scripts/checks/start-smoke.ts']),
        door('integration', ['scripts/integration-test.sh']),
        door('storms', ['node', 'scripts/storms/main.ts', '--scale', '0.01']),
        sanitizedStorms(),
      ];
  }
}

const lint = tool('lint', ['biome', 'check', '.', '--error-on-warnings', '--colors=off']);
const CRUISE = ['depcruise', '--config', '.dependency-cruiser.mjs'] as const;
const walls = tool('import walls', [...CRUISE, ...present(['src', 'sim'])]);
/** Without what imports src/runtime, which may not be there. */
const coreWalls = tool('import walls (core)', [
  ...CRUISE,
  '--exclude',
  '^sim/conformance',
  ...['src/base', 'src/core', 'src/ports', 'src/node', 'sim'],
]);

function types(project: 'pure' | 'sim' | 'all'): Stage {
  const file = project === 'all' ? 'tsconfig.json' : `tsconfig.${project}.json`;
  return tool(`types (${project})`, ['tsc', '-p', file]);
}

function vitest(what: string, args: readonly string[]): Stage {
  const file = join(tmpdir(), `apex-kv-vitest-${process.pid}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const command: Stage['command'] = ['vitest', 'run', ...reporters, ...args];
  return runner(`vitest (${what})`, command, { file, tally: vitestTally });
}

function withoutWorld(): readonly string[] {
  return WORLDLY_TESTS.flatMap((pattern) => ['--exclude', pattern]);
}

function simulator(): readonly Stage[] {
  const args = ['--seeds', SIMULATOR_SEEDS, '--jobs', '2', '--keep-going', '--json'];
  const command: Stage['command'] = ['node', 'sim/cli/main.ts', ...args];
  return present(['sim/cli/main.ts']).map(() =>
    runner(`simulator (seeds ${SIMULATOR_SEEDS})`, command, { file: null, tally: simulatorTally }),
  );
}

/** The native helper's libraries, with sanitizers too. */
function native(): Stage {
  if (!hasCMake()) return tool('native: skipped, no cmake', ['true']);
  const command: Stage['command'] = ['node', 'scripts/checks/native.ts'];
  return runner('native (ctest)', command, { file: null, tally: ctestTally });
}

/** Small ones: whatever the helper does amiss, it does to few as to many. */
function sanitizedStorms(): Stage {
  if (!hasCMake()) return tool('storms, sanitized: skipped, no cmake', ['true']);
  const command: Stage['command'] = ['node', 'scripts/storms/main.ts', '--scale', '0.001'];
  return door('storms, sanitized', [...command, '--sanitized']);
}

const hasCMake = (): boolean => spawnSync('cmake', ['--version']).status === 0;

/** Known bugs, put back one by one: the simulator must see each of them. */
const HUNT = ['--recorded', '--seeds', '1..60', '--jobs', '2', '--json'];
const MUTANTS = ['--mutants', 'gate', ...HUNT];
const mutants = runner('mutants (gate)', ['node', 'sim/cli/main.ts', ...MUTANTS], {
  file: null,
  tally: mutantsTally,
});

function tool(name: string, command: Stage['command']): Stage {
  return { name, command, alone: false, report: null };
}

/** Real processes, which want the machine for themselves. */
function door(name: string, command: Stage['command']): Stage {
  return { name, command, alone: true, report: null };
}

function runner(name: string, command: Stage['command'], report: Report): Stage {
  return { name, command, alone: true, report };
}

function present(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => existsSync(path));
}
