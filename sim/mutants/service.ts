/**
 * Bugs of what this project does on its own account, part two: requests passed on, answers,
 * formation, identity and the replacement of lost stores.
 */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const FORWARDING = 'src/node/forwarding.ts';
const SERVED = 'src/node/served.ts';
const APPLY = 'src/node/apply.ts';
const OWNERS = 'src/node/owners.ts';
const FORMATION = 'src/core/formation/step.ts';
const FORMING = 'src/node/forming.ts';
const OPENING = 'src/core/identity/opening.ts';
const REPLACEMENT = 'src/node/replacement.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'R21',
    tier: 2,
    violates: ['LIN'],
    note: 'what a leader left unanswered is passed on to the next one',
    edits: [
      {
        file: FORWARDING,
        find: `    group.stream = null;
    for (const { requests } of stream.outstanding) endUnknown(node, requests.rows);
  }
}`,
        replace: `    const { leaderMember } = raft;
    if (leaderMember === null) continue;
    const next = newStream(leaderMember, raft.currentTerm, nextNonce(node));
    for (const batch of stream.outstanding) {
      const sequence = next.nextSequence++;
      next.outstanding.push({ ...batch, sequence, sentAt: 0 });
    }
    group.stream = next;
  }
}`,
      },
    ],
  },
  {
    id: 'R22',
    tier: 2,
    violates: ['LIN'],
    note: 'a leader executes again what it has executed, when it is sent once more',
    edits: [
      {
        file: SERVED,
        find: '  if (request.sequence !== stream.lastSequence + 1) return;\n',
        replace: '  if (request.sequence > stream.lastSequence + 1) return;\n',
      },
    ],
  },
  {
    id: 'R23',
    tier: 2,
    violates: ['LIN'],
    also: ['liveness'],
    note: 'streams of one sender are told apart by the term alone',
    edits: [
      {
        file: SERVED,
        find: '  stream(from: Member, group: Group, { nonce, term }: ForwardRequest): ServedStream {\n',
        replace: `  stream(from: Member, group: Group, request: ForwardRequest): ServedStream {
    const { term } = request;
    const nonce = 0;
`,
      },
      {
        file: FORWARDING,
        find: '  if (reply.nonce !== stream.nonce || reply.term !== stream.term) return;\n',
        replace: '  if (reply.term !== stream.term) return;\n',
      },
    ],
  },
  {
    id: 'R24',
    tier: 2,
    violates: ['LIVE'],
    note: 'a stream goes on with a gap in it after something in it has taken too long',
    edits: [
      {
        file: FORWARDING,
        find: 'another stream begins.\n    group.stream = null;\n',
        replace: 'another stream begins.\n    stream.outstanding = [];\n',
      },
    ],
  },
  {
    id: 'R25',
    tier: 2,
    violates: ['LIN'],
    note: 'a read that was passed on does not wait for the write passed on before it',
    edits: [
      {
        file: OWNERS,
        find: '    else node.served.noteEntry(-1 - owner, index);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'R26',
    tier: 2,
    violates: ['LIN'],
    note: 'whoever waits for an index is answered by whatever entry is committed there',
    edits: [
      {
        file: APPLY,
        find: 'const ours = waiting.find(({ term }) => term === entryTerm(entry)) ?? null;',
        replace: 'const ours = waiting.find(({ term }) => term <= entryTerm(entry)) ?? null;',
      },
    ],
  },
  {
    id: 'R27',
    tier: 2,
    violates: ['LIN'],
    note: 'writes that a snapshot may have swallowed are refused as if they were never applied',
    edits: [
      {
        file: 'src/node/snapshots.ts',
        find: '    endUnknown(node, writes);\n',
        replace: "    refuse(node, writes, 'UNAVAILABLE');\n",
      },
    ],
  },
  {
    id: 'R28',
    tier: 2,
    violates: ['LIN'],
    note: 'what was passed on is refused as never applied when its leader is lost',
    edits: [
      {
        file: FORWARDING,
        find: `    group.stream = null;
    for (const { requests } of stream.outstanding) endUnknown(node, requests.rows);
  }
}`,
        replace: `    group.stream = null;
    for (const { requests } of stream.outstanding) {
      const { rows } = requests;
      for (let n = 0; n < rows.count; n++) {
        refuseOne(node, rows.owner[n]!, rows.slot[n]!, 'UNAVAILABLE');
      }
    }
  }
}`,
      },
    ],
  },
  {
    id: 'R29',
    tier: 2,
    violates: ['LIN'],
    note: 'a turn without writes answers its reads at once instead of asking a quorum',
    edits: [
      {
        file: 'src/node/propose.ts',
        find: '  const id = group.nextReadId++;\n',
        replace: `  if (group.raft.leading !== null && group.raft.appliedIndex === group.raft.commitIndex) {
    evaluate(node, group, reads);
    return;
  }
  const id = group.nextReadId++;
`,
      },
    ],
  },
  {
    id: 'R30',
    tier: 2,
    violates: ['ES', 'LC', 'LIVE'],
    also: ['one-vote', 'availability'],
    note: 'a word that was said to a former life of a founder still counts',
    edits: [
      {
        file: FORMATION,
        find: 'return status.isEmpty && status.echo === state.config.nonce && sameIds;',
        replace: 'return status.isEmpty && sameIds;',
      },
    ],
  },
  {
    id: 'R31',
    tier: 2,
    violates: ['ES', 'LC', 'LIVE'],
    note: 'a founder forms a cluster of those who have answered so far, if they are a majority',
    edits: [
      {
        file: FORMATION,
        find: `    if (heard === undefined || !agrees(state, heard.status)) return;
    if (now - heard.at > FRESH_ANNOUNCEMENTS * state.config.announceMs) return;
    members.push(heard.member);
  }
`,
        replace: `    if (heard === undefined || !agrees(state, heard.status)) continue;
    if (now - heard.at > FRESH_ANNOUNCEMENTS * state.config.announceMs) continue;
    members.push(heard.member);
  }
  if (members.length * 2 <= state.ids.length) return;
`,
      },
    ],
  },
  {
    id: 'R32',
    tier: 2,
    violates: ['LIVE'],
    note: 'a founder that died between its cluster id and entry 1 waits for somebody else to write it',
    edits: [
      {
        file: FORMING,
        find: '    writeFormation(node, node.cluster, members);\n    return;\n',
        replace: '    return;\n',
      },
    ],
  },
  {
    id: 'R33',
    tier: 2,
    violates: ['LIVE'],
    note: 'a replaced store seeks no seat any more once one group has given it one',
    edits: [
      {
        file: FORMING,
        find: 'return node.groups.every(({ raft }) =>\n    includesMember(',
        replace: 'return node.groups.some(({ raft }) =>\n    includesMember(',
      },
    ],
  },
  {
    id: 'R34',
    tier: 2,
    violates: ['AVAIL', 'LIVE', 'DUR'],
    also: ['one-vote'],
    note: 'the identity file gets its name before its content is durable',
    edits: [
      {
        file: OPENING,
        find: 'parts: [encodeIdentity(draft)], sync: true },',
        replace: 'parts: [encodeIdentity(draft)], sync: false },',
      },
    ],
  },
  {
    id: 'R35',
    tier: 2,
    violates: ['AVAIL', 'LIVE', 'DUR'],
    also: ['one-vote'],
    note: 'an identity counts before the directory is durable that names it',
    edits: [
      {
        file: OPENING,
        find: "target: IDENTITY_FILE },\n    { kind: 'sync-directory' },\n",
        replace: 'target: IDENTITY_FILE },\n',
      },
    ],
  },
  {
    id: 'R36',
    tier: 2,
    violates: ['LIVE', 'LC', 'DUR'],
    note: 'a successor gets the vote of a lost store before it has caught up',
    edits: [
      {
        file: REPLACEMENT,
        find: '    if (progress === null || progress.matchIndex < group.raft.commitIndex) continue;\n',
        replace: '    if (progress === null) continue;\n',
      },
    ],
  },
  {
    id: 'R37',
    tier: 2,
    violates: ['LIVE'],
    note: 'the successor of a learner is not taken for one',
    edits: [
      {
        file: REPLACEMENT,
        find: 'configuration.voters.find(isPredecessor) ?? configuration.learners.find(isPredecessor);',
        replace: 'configuration.voters.find(isPredecessor);',
      },
    ],
  },
  {
    id: 'K102',
    tier: 2,
    violates: ['LIVE'],
    note: 'whoever is asked to stop waits for a successor for ever',
    edits: [
      {
        file: 'src/node/stopping.ts',
        find: '  const isOverdue = node.now >= handOverUntil;\n',
        replace: '  const isOverdue = handOverUntil < 0;\n',
      },
    ],
  },
  {
    id: 'K103',
    tier: 2,
    violates: ['SMS', 'DUR'],
    note: 'a swapped-out table is freed while a snapshot is reading it',
    edits: [
      {
        file: 'src/core/store/reclaim.ts',
        find: 'if (retired.table !== kept) return retired;',
        replace: 'if (retired.table !== kept || kept !== null) return retired;',
      },
    ],
  },
];

export const SERVICE_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
