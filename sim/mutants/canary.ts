/**
 * Not bugs that anybody had: each fails its runs, one for every way in which a failure is reported.
 *
 * They fail whatever seed they get, so that tests can use them whatever the seeds have become.
 * What a canary of a checker changes must be seen by that checker alone, or first.
 */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const inCluster: readonly MutantRow[] = [
  {
    id: 'canary',
    tier: 2,
    violates: ['ES'],
    note: 'an assertion: whoever takes office finds that it must not',
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: "  changeRole(state, 'leader');\n",
        replace: `  changeRole(state, 'leader');
  assert(false, 'election-safety', 'the canary sings');
`,
      },
    ],
  },
  {
    id: 'canary-online',
    tier: 2,
    violates: ['DUR'],
    note: 'the online checks: what is acknowledged is not durable yet',
    edits: [
      {
        file: 'src/core/raft/follower.ts',
        find: '  send(state, out, reply, ticketAt(state.log, matchIndex));\n',
        replace: '  out.sendNow.push(reply);\n',
      },
    ],
  },
  {
    id: 'canary-oracle',
    tier: 2,
    violates: ['LIN'],
    note: "the clients' oracle: every key is said to be absent",
    edits: [
      {
        file: 'src/core/store/reads.ts',
        find: '  if (isThere(state, isLocated)) {\n',
        replace: '  if (isThere(state, isLocated) && state.appliedIndex < 0) {\n',
      },
    ],
  },
  {
    id: 'canary-linearizable',
    tier: 2,
    violates: ['LIN'],
    note: 'linearizability: counters show what nobody wrote; the oracle does not look at counters',
    edits: [
      {
        file: 'src/core/store/reads.ts',
        find: '  if (isThere(state, isLocated)) {\n',
        replace: `  if (isThere(state, isLocated) && record.bytes[record.keyAt] === 'n'.charCodeAt(0)) {
    lane.push(STATUS.VALUE, 1, record.bytes, record.keyAt, record.keyBytes);
  } else if (isThere(state, isLocated)) {
`,
      },
    ],
  },
  {
    id: 'canary-liveness',
    tier: 2,
    violates: ['LIVE'],
    note: 'liveness: after its first frames a node is silent',
    edits: [
      {
        file: 'src/node/peers.ts',
        find: '    this.#net.sendPeer(outgoing.to, outgoing.writer.finish());\n',
        replace: `    const frame = outgoing.writer.finish();
    if (this.framesSent < 500) this.#net.sendPeer(outgoing.to, frame);
`,
      },
    ],
  },
  {
    id: 'canary-undecided',
    tier: 2,
    violates: ['LIVE'],
    note: 'a run that met no fault, as far as it knows',
    edits: [
      {
        file: 'sim/world/faults.ts',
        find: '    const names = [...this.counts.keys()].sort();\n',
        replace: '    const names: string[] = [];\n',
      },
    ],
  },
  {
    id: 'canary-wall',
    tier: 2,
    violates: ['LIVE'],
    note: 'the wall: a machine asks for a random number that no seed gave',
    edits: [
      {
        file: 'src/core/raft/step-down.ts',
        find: '  const base = state.config.electionTimeoutMs;\n',
        replace:
          '  const base = state.config.electionTimeoutMs + Math.floor(Math.random() * 0.5);\n',
      },
    ],
  },
  {
    id: 'canary-leak',
    tier: 2,
    violates: ['LIVE'],
    note: 'two runs that differ: what a module remembers of the last run decides in the next',
    edits: [
      {
        file: 'src/core/raft/step-down.ts',
        find: 'export function resetElectionDeadline(',
        replace: `const known = new Map<string, number>();

export function resetElectionDeadline(`,
      },
      {
        file: 'src/core/raft/step-down.ts',
        find: '  state.electionDeadline = (now + base + nextBelow(state.prng, base)) as Millis;\n',
        replace: `  const own = \`\${state.config.self.id} \${now}\`;
  known.set(own, now);
  const [newest] = [...known.keys()].reverse();
  const drawn = nextBelow(state.prng, base - 1) + (newest === own ? 1 : 0);
  state.electionDeadline = (now + base + drawn) as Millis;
`,
      },
    ],
  },
  {
    id: 'canary-counter',
    tier: 2,
    violates: ['LIVE'],
    note: 'two runs that differ in what is said: a module counts on where the last run ended',
    edits: [
      {
        file: 'src/core/raft/follower.ts',
        find: 'function accept(\n',
        replace: 'const said = { replies: 0 };\n\nfunction accept(\n',
      },
      {
        file: 'src/core/raft/follower.ts',
        find: '    wall,\n  } as const;\n',
        replace: '    wall: wall + (said.replies++ < 5 ? 0 : 1),\n  } as const;\n',
      },
    ],
  },
];

const inSwim: readonly MutantRow[] = [
  {
    id: 'canary-swim',
    tier: 2,
    violates: ['MEMB'],
    note: 'the world of SWIM: nobody is ever accused, so nobody is ever found dead',
    edits: [
      {
        file: 'src/core/swim/probe.ts',
        find: '  if (target === undefined) return;\n',
        replace: '  if (target === undefined || state.period >= 0) return;\n',
      },
    ],
  },
];

export const CANARIES: readonly Mutant[] = [
  ...inCluster.map((row) => newMutant(row, 'cluster')),
  ...inSwim.map((row) => newMutant(row, 'swim')),
];

export const CANARY = CANARIES[0]!;
