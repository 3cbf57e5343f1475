/** Bugs of other systems, put down when the checkers were there: what do they catch unseen? */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const inCluster: readonly MutantRow[] = [
  {
    id: 'N01',
    tier: 2,
    violates: ['LIN', 'SMS'],
    also: ['monotonic', 'log-matching'],
    note: "the cluster's time follows its leader's clock, and falls with the next leader",
    edits: [
      {
        file: 'src/core/raft/time.ts',
        find: '  return Math.max(previousStamp(state), clusterTime(state, leading, wall, now));\n',
        replace: '  return clusterTime(state, leading, wall, now) || previousStamp(state);\n',
      },
    ],
  },
  {
    id: 'N02',
    tier: 2,
    violates: ['LIN'],
    note: 'in a joint configuration the incoming half alone confirms a read',
    edits: [
      {
        file: 'src/core/raft/reads.ts',
        find: `    currentConfiguration(state),
    (member) =>
`,
        replace: `    { ...currentConfiguration(state), outgoing: [] },
    (member) =>
`,
      },
    ],
  },
  {
    id: 'N03',
    tier: 2,
    violates: ['DUR', 'ES'],
    also: ['one-vote'],
    note: 'a sync that is over lets go of all that waits for any sync',
    edits: [
      {
        file: 'src/node/persist.ts',
        find: 'group.held.release(raftTicket, (message)',
        replace: 'group.held.release(Number.MAX_SAFE_INTEGER, (message)',
      },
    ],
  },
  {
    id: 'N04',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'whoever hands its office over goes on taking proposals, and its heir never catches up',
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: "  if (leading.transfer !== null) return 'transferring';\n",
        replace: '',
      },
    ],
  },
  {
    id: 'N05',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    also: ['leader-completeness'],
    note: 'the way out of a joint configuration forgets who learns',
    edits: [
      {
        file: 'src/core/raft/membership.ts',
        find: 'const next = { ...configuration, outgoing: [] };',
        replace: 'const next = { ...configuration, outgoing: [], learners: [] };',
      },
    ],
  },
  {
    id: 'N06',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    also: ['queue-bound'],
    note: 'a new leader does not count what it has inherited as under way',
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: 'uncommittedBytes: bytesBetween(state.log, state.commitIndex, lastIndex(state.log)),',
        replace:
          'uncommittedBytes: 0 * bytesBetween(state.log, state.commitIndex, lastIndex(state.log)),',
      },
    ],
  },
  {
    id: 'N07',
    tier: 2,
    violates: ['LIVE'],
    note: 'reads that wait for a quorum when their leader falls are never answered',
    edits: [
      {
        file: 'src/core/raft/step-down.ts',
        find: '    for (const read of state.leading.reads) out.readsRefused.push(read.id);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'N09',
    tier: 2,
    violates: ['ES', 'LC', 'SMS'],
    note: 'a snapshot that is taken in the middle of a change names the incoming half alone',
    edits: [
      {
        file: 'src/core/snapshots/file-format.ts',
        find: 'return CONFIGURATION_AT + encodeConfiguration(meta.configuration).length;',
        replace:
          'return CONFIGURATION_AT + encodeConfiguration({ ...meta.configuration, outgoing: [] }).length;',
      },
      {
        file: 'src/core/snapshots/file-format.ts',
        find: '  const configuration = encodeConfiguration(meta.configuration);\n',
        replace:
          '  const configuration = encodeConfiguration({ ...meta.configuration, outgoing: [] });\n',
      },
    ],
  },
  {
    id: 'N10',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'nobody wakes a candidate to ask again for a vote that was lost',
    edits: [
      {
        file: 'src/core/raft/step.ts',
        find: '  return Math.min(state.electionDeadline, retry) as Millis;',
        replace: '  return Math.max(state.electionDeadline, retry) as Millis;',
      },
    ],
  },
  {
    id: 'N11',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'what stands at home shifts with the others when a record before it is removed',
    edits: [
      {
        file: 'src/core/store/shard.ts',
        find: '      if (this.home(slots[2 * end]!) === end) break;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'N12',
    tier: 2,
    violates: ['DUR'],
    note: 'after a restart nothing vouches for the last thing written before it',
    edits: [
      {
        file: 'src/core/wal/recovery-end.ts',
        find: 'state.isLastFlushUncovered = !recovery.isAtStart;',
        replace: 'state.isLastFlushUncovered = false;',
      },
    ],
  },
  {
    id: 'N13',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'whoever has no sound state takes an office over that it is handed',
    edits: [
      {
        file: 'src/core/raft/step.ts',
        find: '  if (!isVoteNeeded(state) || state.isQuarantined) return;\n',
        replace: '  if (!isVoteNeeded(state)) return;\n',
      },
    ],
  },
  {
    id: 'N14',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    note: 'a snapshot is proved by what the cache holds of it',
    edits: [
      {
        file: 'src/core/snapshots/landing.ts',
        find: 'index: landing.index, isFresh: true });',
        replace: 'index: landing.index, isFresh: false });',
      },
    ],
  },
  {
    id: 'N15',
    tier: 2,
    violates: ['ES', 'LC', 'LIVE'],
    also: ['one-vote', 'availability'],
    note: 'an answer to the founder counts however old it is',
    edits: [
      {
        file: 'src/core/formation/step.ts',
        find: '    if (now - heard.at > FRESH_ANNOUNCEMENTS * state.config.announceMs) return;\n',
        replace: '    if (now < heard.at - FRESH_ANNOUNCEMENTS) return;\n',
      },
    ],
  },
  {
    id: 'N16',
    tier: 2,
    violates: ['SMS', 'LIVE'],
    note: 'a verdict on one index is taken for one on another',
    edits: [
      {
        file: 'src/core/hashes/step.ts',
        find: '  return answered !== null && answered.index === verdict.index && !sameChain(answered, verdict);',
        replace: '  return answered !== null && !sameChain(answered, verdict);',
      },
    ],
  },
  {
    id: 'N18',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    also: ['queue-bound'],
    note: 'what a snapshot commits of a leader still waits for a quorum, by its count',
    edits: [
      {
        file: 'src/core/raft/snapshot.ts',
        find: '    state.leading.uncommittedBytes = bytesBetween(log, meta.index, lastIndex(log));\n',
        replace:
          '    state.leading.uncommittedBytes += 0 * bytesBetween(log, meta.index, lastIndex(log));\n',
      },
    ],
  },
];

const inSwim: readonly MutantRow[] = [
  {
    id: 'N08',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'newer news about a member goes on with the count of the older',
    edits: [
      {
        file: 'src/core/swim/gossip.ts',
        find: '  state.news.set(id, { id, order: state.newsOrder, transmissions: 0 });',
        replace: `  const transmissions = state.news.get(id)?.transmissions ?? 0;
  state.news.set(id, { id, order: state.newsOrder, transmissions });`,
      },
    ],
  },
  {
    id: 'N17',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'whoever once thought itself slow thinks so for ever',
    edits: [
      {
        file: 'src/core/swim/health.ts',
        find: '  state.health = Math.max(0, state.health - 1);',
        replace: '  state.health = Math.max(0, state.health);',
      },
    ],
  },
];

export const HOLDOUT_PUBLISHED_MUTANTS: readonly Mutant[] = [
  ...inCluster.map((row) => newMutant(row, 'cluster')),
  ...inSwim.map((row) => newMutant(row, 'swim')),
];
