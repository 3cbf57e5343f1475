/** Bugs of reads, of requests passed on and of answers that the catalogue does not list. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const READS = 'src/core/raft/reads.ts';
const FORWARDING = 'src/node/forwarding.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'K01',
    tier: 2,
    violates: ['LIN'],
    note: 'learners confirm a read like voters',
    edits: [
      {
        file: READS,
        find: `  return hasQuorum(
    currentConfiguration(state),
    (member) =>
      sameMember(member, state.config.self) ||
      (findProgress(leading, member)?.ackedRound ?? 0) >= round,
  );
`,
        replace: `  const others = leading.progress.filter(({ member }) => !sameMember(member, state.config.self));
  const heard = others.filter(({ ackedRound }) => ackedRound >= round).length + 1;
  return heard > currentConfiguration(state).voters.length / 2;
`,
      },
    ],
  },
  {
    id: 'K02',
    tier: 2,
    violates: ['LIN'],
    note: 'a read need not see the write that its connection has under way',
    edits: [
      {
        file: READS,
        find: 'const index = Math.max(state.commitIndex, leading.noopIndex, read.minIndex) as LogIndex;',
        replace: 'const index = Math.max(state.commitIndex, leading.noopIndex) as LogIndex;',
      },
    ],
  },
  {
    id: 'K03',
    tier: 2,
    violates: ['LIN'],
    note: 'the reads of a turn are evaluated before all writes of that turn',
    edits: [
      {
        file: 'src/node/gather.ts',
        find: 'group.reads.append(source, at, bytes, group.writes.rows.count);',
        replace: 'group.reads.append(source, at, bytes, 0);',
      },
    ],
  },
  {
    id: 'K04',
    tier: 2,
    violates: ['LIN'],
    note: 'a read that is ready waits for all that is committed, later writes of its asker included',
    edits: [
      {
        file: 'src/node/apply.ts',
        find: '  runSafeReads(node, group);\n  const index = logIndex',
        replace: '  const index = logIndex',
      },
    ],
  },
  {
    id: 'K05',
    tier: 2,
    violates: ['LIN'],
    note: 'the round before the one that was begun for a read confirms it',
    edits: [
      {
        file: READS,
        find: '(findProgress(leading, member)?.ackedRound ?? 0) >= round,',
        replace: '(findProgress(leading, member)?.ackedRound ?? 0) >= round - 1,',
      },
    ],
  },
  {
    id: 'K06',
    tier: 2,
    violates: ['LIN'],
    note: 'a read joins the round that is under way',
    edits: [
      {
        file: READS,
        find: '  leading.round++;\n',
        replace: '  if (leading.reads.length === 0) leading.round++;\n',
      },
    ],
  },
  {
    id: 'K07',
    tier: 2,
    violates: ['LIN'],
    note: 'an answer from the leader is taken for that of the oldest batch without one',
    edits: [
      {
        file: FORWARDING,
        find: 'const at = stream.outstanding.findIndex(({ sequence }) => sequence === reply.sequence);',
        replace: 'const at = stream.outstanding.length - 1 < 0 ? -1 : 0;',
      },
    ],
  },
  {
    id: 'K08',
    tier: 2,
    violates: ['LIN'],
    note: 'what is passed on in an older term is executed by whoever leads again',
    edits: [
      {
        file: 'src/node/served.ts',
        find: 'if (!isLeading(group) || group.raft.currentTerm !== request.term) return;',
        replace: 'if (!isLeading(group)) return;',
      },
    ],
  },
  {
    id: 'K09',
    tier: 2,
    violates: ['LIN'],
    note: 'a request that waited too long is refused, and executed when somebody leads',
    edits: [
      {
        file: 'src/node/route.ts',
        find: '    if (!node.connections.isOpen(owner, slot)) continue;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K10',
    tier: 2,
    violates: ['LIN'],
    note: 'a proposed write that takes too long is refused as if it were never applied',
    edits: [
      {
        file: 'src/node/patience.ts',
        find: '    endUnknown(node, writes);\n',
        replace: "    refuse(node, writes, 'UNAVAILABLE');\n",
      },
    ],
  },
  {
    id: 'K11',
    tier: 2,
    violates: ['LIN'],
    note: 'what is proposed behind a request of unknown outcome counts as never sent',
    edits: [
      {
        file: 'src/node/owners.ts',
        find: '    if (owner >= 0) node.connections.markSent(owner, rows.slot[row]!);\n  }\n  note',
        replace: '  }\n  note',
      },
    ],
  },
  {
    id: 'K12',
    tier: 2,
    violates: ['LIN'],
    note: 'while nobody is known to lead a node answers reads from what it has',
    edits: [
      {
        file: 'src/node/route.ts',
        find: '  else park(node, group, request);\n}\n\nfunction readStale(',
        replace: `  else if (isRead(request.operation) && request.owner >= 0) {
    group.staleReads.append(request.source, request.at, request.bytes, 0);
    group.staleReads.rows.push(request.owner, request.slot);
  } else park(node, group, request);
}

function readStale(`,
      },
    ],
  },
  {
    id: 'K13',
    tier: 2,
    violates: ['LIN'],
    note: 'what was passed on to a lost leader is passed on to the next one as well',
    edits: [
      {
        file: FORWARDING,
        find: 'if (isSameLeader && raft.currentTerm === stream.term && raft.leader !== NOBODY) continue;',
        replace: 'if (isSameLeader && raft.leader !== NOBODY) continue;',
      },
      {
        file: 'src/node/served.ts',
        find: 'if (!isLeading(group) || group.raft.currentTerm !== request.term) return;',
        replace: 'if (!isLeading(group)) return;',
      },
    ],
  },
  {
    id: 'K14',
    tier: 2,
    violates: ['LIN'],
    note: 'replies of one connection leave as they come: one that was kept is written a turn late',
    edits: [
      {
        file: 'src/node/connections.ts',
        find: '        else if (state === SLOT.RESULT) this.#writer.keep(connection, slot);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K15',
    tier: 2,
    violates: ['LIN'],
    note: 'a read may pass the write before it when the entry was closed early',
    edits: [
      {
        file: 'src/node/propose.ts',
        find: '  else if (group.reads.rows.count > 0) askReads(node, group);\n',
        replace:
          '  else if (group.reads.rows.count > 0 && group.waiting.length === 0) askReads(node, group);\n  else if (group.reads.rows.count > 0) evaluate(node, group, group.reads.take());\n',
      },
    ],
  },
  {
    id: 'K73',
    tier: 2,
    violates: ['LIN'],
    note: 'where a deep pipeline outgrows its ring, one of the columns stays as short as it was',
    edits: [
      {
        file: 'src/node/slots.ts',
        find: '    this.row = new Uint32Array(size);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K74',
    tier: 2,
    violates: ['LIN'],
    note: 'a reply that comes when its request was given up is written over the next one of its slot',
    edits: [
      {
        file: 'src/node/slots.ts',
        find: '    if (slot < this.head || slot >= this.tail || this.state[at]',
        replace: '    if (slot >= this.tail || this.state[at]',
      },
    ],
  },
  {
    id: 'K75',
    tier: 2,
    violates: ['LIN'],
    note: 'a follower redirects whoever comes, whether he wishes so or not',
    edits: [
      {
        file: 'src/node/route.ts',
        find: '(flags & FLAG.REDIRECT) !== 0 && !isLeading(group)',
        replace: '!isLeading(group)',
      },
    ],
  },
  {
    id: 'K76',
    tier: 2,
    violates: ['LIN'],
    note: 'whichever group a key belongs to, who wishes to be redirected is sent to the leader of the first',
    edits: [
      {
        file: 'src/node/route.ts',
        find: 'node.connections.redirect(connection, slot, group.raft.leader);',
        replace: 'node.connections.redirect(connection, slot, node.groups[0]!.raft.leader);',
      },
    ],
  },
  {
    id: 'K78',
    tier: 2,
    violates: ['LIN'],
    note: 'a read that waited with others for their write leaves the next one of its connection behind',
    edits: [
      {
        file: 'src/node/propose.ts',
        find: '  if (minIndex > group.raft.commitIndex) noteEntry(node, reads.rows, group, minIndex);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K99',
    tier: 2,
    violates: ['LIVE'],
    also: ['queue-bound'],
    note: 'the answers to requests that were passed on are sent whatever their size',
    edits: [
      {
        file: 'src/node/served.ts',
        find: '    if (batch === undefined || bytes <= ROOMY_BYTES) return true;\n',
        replace: '    if (batch === undefined || bytes >= 0) return true;\n',
      },
    ],
  },
];

export const HOLDOUT_CLIENT_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
