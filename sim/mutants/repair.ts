/**
 * Bugs of what this project does on its own account, part one: damage mended from peers, state
 * hashes and rebuilding, room on the disk and in the log.
 */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const WAL_REPAIR = 'src/core/wal/repair.ts';
const MENDING = 'src/core/mending/step.ts';
const REPAIR = 'src/node/repair.ts';
const HASHES = 'src/core/hashes/step.ts';
const NODE_HASHES = 'src/node/hashes.ts';
const REBUILD = 'src/node/rebuild.ts';
const QUARANTINE = 'src/core/raft/quarantine.ts';
const ROOM = 'src/node/room.ts';
const LOG_ROOM = 'src/node/log-room.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'R01',
    tier: 2,
    violates: ['LM', 'LC', 'DUR', 'SMS'],
    note: 'a lost entry is filled in with whatever a peer holds at its index, of any term',
    edits: [
      {
        file: WAL_REPAIR,
        find: '  if (isSameEntry(entry.bytes, bytes))\n',
        replace: '  if (bytes.length > 0)\n',
      },
      {
        file: WAL_REPAIR,
        find: 'const isIt = header?.term === wanted.term && header.bodyCrc === wanted.bodyCrc;',
        replace: 'const isIt = header !== null;',
      },
    ],
  },
  {
    id: 'R02',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    also: ['one-vote'],
    note: 'a mended log counts as whole before the disk holds what was mended',
    edits: [
      {
        file: WAL_REPAIR,
        find: "if (state.phase !== 'healing' || state.claimedFirstLive <= state.damagedThrough) return;",
        replace: "if (state.phase !== 'healing') return;",
      },
    ],
  },
  {
    id: 'R03',
    tier: 2,
    violates: ['DUR', 'LC', 'ES'],
    note: "the leave of one group's leader is enough to give a store up with all its groups",
    edits: [
      {
        file: MENDING,
        find: 'for (let id = 0; id < state.groupCount; id++) {',
        replace: 'for (const id of [group]) {',
      },
    ],
  },
  {
    id: 'R04',
    tier: 2,
    violates: ['DUR', 'LC'],
    note: 'a leader counts the damaged store among those that make it expendable',
    edits: [{ file: REPAIR, find: '    if (member.id === id) return false;\n', replace: '' }],
  },
  {
    id: 'R05',
    tier: 2,
    violates: ['DUR', 'LC'],
    note: 'a leader gives leave though it has not heard from the others for long',
    edits: [
      {
        file: REPAIR,
        find: '    return node.now - heardAt <= node.config.electionTimeoutMs;\n',
        replace: '    return heardAt >= 0;\n',
      },
    ],
  },
  {
    id: 'R06',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    // A log that stays damaged ends the run by this name.
    also: ['durable-quorum'],
    note: 'the peers that are asked for a lost entry are always the first one',
    edits: [
      {
        file: MENDING,
        find: 'peers[state.rounds % peers.length]!;',
        replace: 'peers[0]!;',
      },
      {
        file: MENDING,
        find: '  !config.isRepairable || fruitlessRounds > config.fruitlessRoundsMax;',
        replace: '  !config.isRepairable || fruitlessRounds < 0;',
      },
    ],
  },
  {
    id: 'R07',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'of those who answered a majority decides which state is right, not of all voters',
    edits: [
      {
        file: HASHES,
        find: 'if (isMajority(voters, agrees) && (outgoing.length === 0 || isMajority(outgoing, agrees))) {',
        replace: `const told = [...voters, ...outgoing].filter((voter) => chainOf(state, voter) !== null);
    if (isMajority(told, agrees)) {`,
      },
    ],
  },
  {
    id: 'R08',
    tier: 2,
    violates: ['LIVE'],
    also: ['state-hash'],
    note: 'a replica that has passed the index it is asked about answers with what it has by now',
    edits: [
      {
        file: HASHES,
        find: '  if (chain.index > awaited.index) return;\n  state.answered = chain;\n  out.messages.push({ to: awaited.from, type: HASH_TYPE.ANSWER, chain });',
        replace: `  const late = { ...chain, index: awaited.index };
  state.answered = late;
  out.messages.push({ to: awaited.from, type: HASH_TYPE.ANSWER, chain: late });`,
      },
    ],
  },
  {
    id: 'R09',
    tier: 2,
    violates: ['SMS', 'LIN'],
    also: ['liveness'],
    note: 'a replica that is told that its state is wrong goes on with it',
    edits: [
      {
        file: NODE_HASHES,
        find: '  if (out.minority === null || group.rebuild !== null) return;\n',
        replace: '  if (out.minority === null || group.raft.appliedIndex > 0) return;\n',
      },
    ],
  },
  {
    id: 'R10',
    tier: 2,
    violates: ['SMS', 'LIN', 'DUR'],
    also: ['index-order'],
    note: 'a group whose state is being rebuilt goes on applying entries to what it has',
    edits: [
      {
        file: 'src/node/apply.ts',
        find: '    if (group.rebuild !== null) continue;\n    if (group.store.appliedIndex < group.applyThrough)',
        replace: '    if (group.store.appliedIndex < group.applyThrough)',
      },
    ],
  },
  {
    id: 'R11',
    tier: 2,
    violates: ['LIVE'],
    note: 'whoever rebuilds its state is sent a snapshot that its log no longer joins',
    edits: [
      {
        file: REBUILD,
        find: 'if (newest !== null && newest.index >= minIndex) group.snapshotsWanted.push(to);',
        replace: 'if (newest !== null && minIndex >= 0) group.snapshotsWanted.push(to);',
      },
    ],
  },
  {
    id: 'R12',
    tier: 2,
    violates: ['SMS', 'DUR'],
    also: ['index-order'],
    note: 'a rebuilt state may be older than the beginning of the log that goes on from it',
    edits: [
      {
        file: QUARANTINE,
        find: 'return index >= state.snapshotIndex && index <= state.appliedIndex;',
        replace: 'return index <= state.appliedIndex;',
      },
      {
        file: REBUILD,
        find: '): LogIndex => raft.snapshotIndex;',
        replace: '): LogIndex => (0 * raft.snapshotIndex) as LogIndex;',
      },
      {
        file: 'src/node/snapshots.ts',
        find: 'logIndex(neededIndex(group) - 1)',
        replace: 'ZERO_INDEX',
      },
    ],
  },
  {
    id: 'R13',
    tier: 2,
    violates: ['ES', 'LC', 'LIVE'],
    also: ['state-machine-safety'],
    note: 'the configuration that comes with a rebuilt state is not taken over',
    edits: [
      {
        file: QUARANTINE,
        find: '  rebaseConfigurations(state, index, configuration);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'R14',
    tier: 2,
    violates: ['LIVE'],
    also: ['availability'],
    note: 'followers without room are not heard: the leader goes on taking writes',
    edits: [
      {
        file: ROOM,
        find: "return level === 'short' || !hasRoomfulQuorum(node, group);",
        replace: "return level === 'short' && group.id >= 0;",
      },
    ],
  },
  {
    id: 'R15',
    tier: 2,
    violates: ['LIVE'],
    note: 'a disk that was found short stays so, whatever becomes free on it',
    edits: [
      {
        file: ROOM,
        find: '    room.level = levelOf(node);\n',
        replace: "    if (room.level === 'ample') room.level = levelOf(node);\n",
      },
    ],
  },
  {
    id: 'R16',
    tier: 2,
    violates: ['LIVE'],
    note: "a follower's word that it is short of room counts for ever",
    edits: [
      {
        file: ROOM,
        find: '  for (const [name, until] of [...shortUntil]) if (node.now >= until) shortUntil.delete(name);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'R17',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'the last segment is written though there is no room for another one',
    edits: [
      {
        file: ROOM,
        find: "return freeBytes + reservedBytes(node.wal!) >= segmentBytes ? 'short' : 'exhausted';",
        replace:
          "return freeBytes + reservedBytes(node.wal!) >= 0 * segmentBytes ? 'short' : 'exhausted';",
      },
    ],
  },
  {
    id: 'R18',
    tier: 2,
    violates: ['LIVE'],
    also: ['queue-bound'],
    note: 'an append for which there is no room is answered, and so sent again at once',
    edits: [
      {
        file: 'src/node/inputs.ts',
        find: '  else if (!isTooMuch(node, message)) {\n',
        replace: `  else if (isTooMuch(node, message)) {
    const empty = { ...message, entries: [] };
    stepRaft(node, group, { kind: 'message', message: empty, wall: node.wall });
  } else {
`,
      },
    ],
  },
  {
    id: 'R19',
    tier: 2,
    violates: ['LIVE'],
    note: 'a full log refuses entries though no snapshot could ever shorten it',
    edits: [
      { file: LOG_ROOM, find: '  return !canShorten(node);\n', replace: '  return false;\n' },
    ],
  },
  {
    id: 'R20',
    tier: 2,
    violates: ['LIVE'],
    also: ['memory-bound'],
    note: 'the bound of the log on disk is never looked at',
    edits: [
      {
        file: LOG_ROOM,
        find: 'if (usedBytes(node.wal!) + promisedBytes(node) + bytes <= fullBytes(node)) return true;',
        replace: 'if (usedBytes(node.wal!) + promisedBytes(node) + bytes >= 0) return true;',
      },
    ],
  },
];

export const REPAIR_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
