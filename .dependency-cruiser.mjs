// The import walls (docs/architecture.md, "Walls"). test/walls.test.ts proves that each one bites.
//
// A wall is written as "may import only …" where that is possible: what nobody thought of is then
// forbidden too. Tests beside the code may use npm packages and Node; the walls between the
// project's own folders hold for them as well.

const TEST = '\\.test\\.ts$';
const BASE = '^src/base/';
const CORE_SHARED = '^src/core/[^/]+\\.ts$';
const PORTS = '^src/ports/';

/** @typedef {import('dependency-cruiser').IForbiddenRuleType} Rule */

/**
 * The product's code in `from` may import what matches `only`, and nothing else.
 * @returns {Rule}
 */
const mayImportOnly = (name, comment, from, only) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: TEST },
  to: { pathNot: only },
});

/**
 * Whatever matches `from` must not import what matches `to`.
 * @returns {Rule}
 */
const mustNotImport = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from,
  to,
});

export default {
  forbidden: [
    mayImportOnly('base-is-a-leaf', 'base imports only base.', BASE, [BASE]),
    mayImportOnly(
      'core-shared-imports-base',
      'What the machines share imports only base and its like: it knows no machine.',
      CORE_SHARED,
      [BASE, CORE_SHARED],
    ),
    mayImportOnly(
      'machines-stand-alone',
      'A machine imports base, what the machines share, and itself: never another machine.',
      '^src/core/([^/]+)/',
      [BASE, CORE_SHARED, '^src/core/$1/'],
    ),
    mayImportOnly('ports-are-vocabulary', 'Ports speak in the nouns of base and core.', PORTS, [
      BASE,
      CORE_SHARED,
      PORTS,
    ]),
    mustNotImport(
      'ports-are-types',
      'Ports are types only.',
      { path: PORTS },
      { dependencyTypesNot: ['type-only'] },
    ),
    mayImportOnly(
      'node-is-portable',
      'The node runs in both worlds: machines, ports, XState, and nothing of either world.',
      '^src/node/',
      [BASE, '^src/core/', PORTS, '^src/node/', '^node_modules/xstate/'],
    ),
    mustNotImport(
      'tests-stay-at-home',
      'A machine is tested alone; machines meet in src/node and in the simulator.',
      { path: '^src/core/([^/]+)/.*\\.test\\.ts$' },
      { path: '^src/core/[^/]+/', pathNot: '^src/core/$1/' },
    ),
    mustNotImport(
      'runtime-behind-the-root',
      'Only the composition root (src/main.ts, src/cli) and the conformance suite know the runtime.',
      { pathNot: ['^src/runtime/', '^src/main\\.ts$', '^src/cli/', '^sim/conformance/', '^test/'] },
      { path: '^src/runtime/' },
    ),
    mustNotImport(
      'root-is-the-top',
      'Nobody imports the composition root.',
      { pathNot: ['^src/main\\.ts$', '^src/cli/', '^test/'] },
      { path: ['^src/main\\.ts$', '^src/cli/'] },
    ),
    mustNotImport(
      'native-behind-the-runtime',
      'Only the runtime knows the native helper.',
      { pathNot: ['^src/runtime/', '^native/'] },
      { path: ['^native/', '\\.node$'] },
    ),
    mustNotImport(
      'production-knows-no-simulator',
      'Only the command line may start the simulator; there is no simulator build.',
      { path: '^src/', pathNot: ['^src/main\\.ts$', '^src/cli/', TEST] },
      { path: '^sim/' },
    ),
    mustNotImport(
      'simulator-runs-in-a-page',
      'The simulator imports no Node module outside its command line and the conformance suite.',
      { path: '^sim/', pathNot: ['^sim/cli/', '^sim/conformance/', TEST] },
      { dependencyTypes: ['core'] },
    ),
    mustNotImport(
      'no-cycles',
      'Modules that load each other are one module in disguise. Types may refer to each other.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    mustNotImport(
      'no-dead-imports',
      'Every import leads somewhere.',
      {},
      { couldNotResolve: true },
    ),
    mustNotImport(
      'no-test-imports',
      'The product does not import tests.',
      { pathNot: TEST },
      { path: TEST },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
};
