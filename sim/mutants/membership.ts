/** Bugs of membership changes. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const STATE = 'src/core/raft/state.ts';
const MEMBERSHIP = 'src/core/raft/membership.ts';
const QUORUM = 'src/core/raft/quorum.ts';
const SNAPSHOT = 'src/core/raft/snapshot.ts';
const COMMIT = 'src/core/raft/commit.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'M02',
    tier: 1,
    violates: ['ES', 'LC'],
    note: 'a change may begin before the one before it is committed',
    edits: [
      {
        file: MEMBERSHIP,
        find: "  if (isChangePending(state)) return 'change-pending';\n",
        replace: '',
      },
    ],
  },
  {
    id: 'M03',
    tier: 2,
    violates: ['ES'],
    note: 'the way out of a joint configuration is proposed before that is committed',
    edits: [
      {
        file: MEMBERSHIP,
        find: 'if (state.leading === null || configurationIndex(state) > state.commitIndex) return;',
        replace: `if (state.leading === null) return;
  const isCommitted = configurationIndex(state) <= state.commitIndex;
  if (!isCommitted && !isJoint(currentConfiguration(state))) return;`,
      },
    ],
  },
  {
    id: 'M04',
    tier: 1,
    violates: ['ES', 'LC'],
    note: 'a configuration is in force from its commitment on, not from its append',
    edits: [
      {
        file: STATE,
        find: 'return state.configurations[state.configurations.length - 1]!.configuration;',
        replace: `let found = state.configurations[0]!;
  // Entry 1 has none before it.
  const through = Math.max(1, state.commitIndex);
  for (const candidate of state.configurations) if (candidate.index <= through) found = candidate;
  return found.configuration;`,
      },
      {
        file: COMMIT,
        find: "import { findProgress } from './progress.ts';",
        replace: "import { alignProgress, findProgress } from './progress.ts';",
      },
      {
        file: COMMIT,
        find: '  commitThrough(state, out, index);\n}',
        replace: `  commitThrough(state, out, index);
  alignProgress(leading, currentConfiguration(state), state.log, state.heartbeatDeadline);
}`,
      },
    ],
  },
  {
    id: 'M05',
    tier: 2,
    violates: ['LC', 'LIVE'],
    note: 'a second configuration takes the place of one that is not committed yet',
    edits: [
      {
        file: 'src/core/raft/configurations.ts',
        find: '  state.configurations.push({ index: entryIndex(entry), configuration });',
        replace: `  const last = state.configurations[state.configurations.length - 1]!;
  if (last.index > state.commitIndex) state.configurations.pop();
  state.configurations.push({ index: entryIndex(entry), configuration });`,
      },
    ],
  },
  {
    id: 'M06',
    tier: 1,
    violates: ['ES', 'LC'],
    note: 'cutting off a configuration does not bring the one before it back into force',
    edits: [
      {
        file: 'src/core/raft/persist.ts',
        find: '  dropConfigurationsFrom(state, from);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'M07',
    tier: 1,
    violates: ['ES', 'LC'],
    note: 'a joint configuration decides by its new half alone',
    edits: [
      {
        file: QUORUM,
        find: 'return configuration.outgoing.length === 0 || hasMajority(configuration.outgoing, holds);',
        replace: 'return true;',
      },
      {
        file: QUORUM,
        find: 'if (configuration.outgoing.length === 0) return incoming;',
        replace: 'if (configuration.outgoing.length >= 0) return incoming;',
      },
    ],
  },
  {
    id: 'M10',
    tier: 1,
    violates: ['ES', 'LIVE'],
    note: "a node starts without its snapshot's configuration",
    edits: [
      {
        file: 'src/node/groups.ts',
        find: 'configuration: storeState.configuration ?? NO_CONFIGURATION,',
        replace: 'configuration: NO_CONFIGURATION,',
      },
    ],
  },
  {
    id: 'M11',
    tier: 2,
    violates: ['LC', 'LIVE', 'ES'],
    note: 'a snapshot that comes late brings an older configuration back into force',
    edits: [
      {
        file: SNAPSHOT,
        find: '    rebaseConfigurations(state, meta.index, meta.configuration);\n',
        replace: '    resetConfigurations(state, meta.index, meta.configuration);\n',
      },
    ],
  },
  {
    id: 'M12',
    tier: 2,
    violates: ['ES'],
    // What is in force is compared with the log and the snapshot before anybody votes by it.
    also: ['leader-completeness'],
    note: 'a configuration of the log outlives the snapshot that supersedes the log',
    edits: [
      {
        file: SNAPSHOT,
        find: '  if (lastIndex(state.log) > state.commitIndex) {\n    persistTruncation(',
        replace: `  const kept = [...state.configurations];
  if (lastIndex(state.log) > state.commitIndex) {
    persistTruncation(`,
      },
      {
        file: SNAPSHOT,
        find: '  resetConfigurations(state, meta.index, meta.configuration);\n',
        replace: `  if (kept.length > 1) state.configurations = kept;
  else resetConfigurations(state, meta.index, meta.configuration);
`,
      },
    ],
  },
  {
    id: 'M16',
    tier: 2,
    violates: ['LIVE'],
    note: 'a joining node that replays a configuration without itself stops listening',
    edits: [
      {
        file: 'src/core/raft/step.ts',
        find: "import type { RaftConfig, RaftState } from './state.ts';\n",
        replace:
          "import { currentConfiguration, type RaftConfig, type RaftState } from './state.ts';\n",
      },
      {
        file: 'src/core/raft/step.ts',
        find: '  if (!sameMember(message.to, state.config.self)) return;\n',
        replace: `  if (!sameMember(message.to, state.config.self)) return;
  const { voters, outgoing, learners } = currentConfiguration(state);
  const named = [...voters, ...outgoing, ...learners];
  const isNamed = named.some((member) => sameMember(member, state.config.self));
  if (named.length > 0 && !isNamed) return;
`,
      },
    ],
  },
];

export const MEMBERSHIP_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
