/** Bugs of gossip and failure detection; they run in the world of SWIM machines only. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const RUMOUR = 'src/core/swim/rumour.ts';
const MEMBERS = 'src/core/swim/members.ts';
const PROBE = 'src/core/swim/probe.ts';
const EXCHANGE = 'src/core/swim/exchange.ts';
const HIGHER_IS_NEWS =
  '  if (claim.incarnation !== state.incarnation) return claim.incarnation > state.incarnation;\n';

const rows: readonly MutantRow[] = [
  {
    id: 'G01',
    tier: 1,
    violates: ['MEMB'],
    note: 'a refutation goes one above its own incarnation, not above the one it refutes',
    edits: [
      {
        file: RUMOUR,
        find: 'state.incarnation = claim.incarnation + 1;',
        replace: 'state.incarnation++;',
      },
    ],
  },
  {
    id: 'G02',
    tier: 1,
    violates: ['MEMB'],
    note: '"alive" at the incarnation held overrides what is held',
    edits: [
      {
        file: MEMBERS,
        find: 'return RANK[claim.state] > RANK[held.state];',
        replace: "return RANK[claim.state] > RANK[held.state] || claim.state === 'alive';",
      },
    ],
  },
  {
    id: 'G03',
    tier: 2,
    violates: ['MEMB'],
    note: 'an "alive" about oneself that is not so is not refuted',
    edits: [
      {
        file: RUMOUR,
        find: HIGHER_IS_NEWS,
        replace: `  if (claim.state === 'alive') return false;\n${HIGHER_IS_NEWS}`,
      },
    ],
  },
  {
    id: 'G05',
    tier: 1,
    violates: ['MEMB'],
    note: '"alive" disarms the timer of a suspicion before anybody looks whether it is news',
    edits: [
      {
        file: MEMBERS,
        find: '  const held = state.members.get(claim.id);\n  if (held === undefined) {\n',
        replace: `  const held = state.members.get(claim.id);
  if (claim.state === 'alive') state.suspicions.delete(claim.id);
  if (held === undefined) {
`,
      },
    ],
  },
  {
    id: 'G06',
    tier: 1,
    violates: ['MEMB'],
    note: 'the timer of a suspicion acts though that suspicion was refuted',
    edits: [
      {
        file: 'src/core/swim/suspicion.ts',
        find: "    if (member.state !== 'suspect' || member.incarnation !== suspicion.incarnation) continue;\n",
        replace: '',
      },
    ],
  },
  {
    id: 'G08',
    tier: 2,
    violates: ['MEMB'],
    note: 'a probe that could not even be sent is no failed probe',
    edits: [
      {
        file: PROBE,
        find: 'probe.helpersAtMs === null) return;\n  askHelpers(state, now, out);',
        replace: 'probe.helpersAtMs === null) return;\n  state.probe = null;',
      },
    ],
  },
  {
    id: 'G09',
    tier: 2,
    violates: ['MEMB'],
    also: ['memory-bound', 'swim-bounds'],
    note: 'the records of those who left are kept for ever',
    edits: [
      {
        file: MEMBERS,
        find: "const isDown = member.state === 'dead' || member.state === 'left';",
        replace: "const isDown = member.state === 'dead';",
      },
    ],
  },
  {
    id: 'G10',
    tier: 2,
    violates: ['MEMB'],
    // Who comes back and is not believed is missed by all when the world is calm.
    also: ['liveness'],
    note: 'one that left may not come back from another address, as if it had died',
    edits: [{ file: MEMBERS, find: "  if (held.state === 'left') return true;\n", replace: '' }],
  },
  {
    id: 'G11',
    tier: 2,
    violates: ['MEMB'],
    note: 'the farewell names an old incarnation',
    edits: [
      {
        file: 'src/core/swim/state.ts',
        find: '    incarnation: state.incarnation,\n    address: state.config.address,',
        replace: `    incarnation: state.left ? FIRST_INCARNATION : state.incarnation,
    address: state.config.address,`,
      },
    ],
  },
  {
    id: 'G12',
    tier: 2,
    violates: ['MEMB'],
    note: 'one that left hears of itself and announces itself again',
    edits: [
      {
        file: RUMOUR,
        find: 'if (state.left || !contradictsUs(state, claim)) return;',
        replace: `if (!contradictsUs(state, claim)) return;
  state.left = false;`,
      },
    ],
  },
  {
    id: 'G15',
    tier: 2,
    violates: ['MEMB'],
    note: 'the target of a probe may be asked to help with it',
    edits: [
      {
        file: PROBE,
        find: 'chooseAlive(state, state.config.helpersMax, target)',
        replace: 'chooseAlive(state, state.config.helpersMax, NOBODY)',
      },
    ],
  },
  {
    id: 'G16',
    tier: 2,
    violates: ['MEMB'],
    also: ['swim-completeness'],
    note: 'the round does not advance',
    edits: [{ file: PROBE, find: '  state.cursor++;\n  return id;', replace: '  return id;' }],
  },
  {
    id: 'G17',
    tier: 1,
    violates: ['MEMB'],
    note: 'a member is accused before the helpers have had their time',
    edits: [
      {
        file: 'src/core/swim/step.ts',
        find: '  if (helpersAtMs <= now) askHelpers(state, now, out);\n',
        replace: `  if (helpersAtMs <= now) {
    askHelpers(state, now, out);
    judgeProbe(state, now, out);
  }
`,
      },
    ],
  },
  {
    id: 'G19',
    tier: 1,
    violates: ['MEMB'],
    note: 'a restarted member begins at its first incarnation and does not rise above its past',
    edits: [
      {
        file: RUMOUR,
        find: HIGHER_IS_NEWS,
        replace: HIGHER_IS_NEWS.replace('claim.incarnation > state.incarnation;', 'false;'),
      },
    ],
  },
  {
    id: 'G20',
    tier: 2,
    violates: ['MEMB'],
    note: 'an accusation of a forgotten member brings it back',
    edits: [
      {
        file: MEMBERS,
        find: "claim.state === 'alive' && claim.incarnation > 0;",
        replace: "(claim.state === 'alive' || claim.state === 'suspect') && claim.incarnation > 0;",
      },
    ],
  },
  {
    id: 'G22',
    tier: 2,
    violates: ['MEMB'],
    note: 'an accuser that repeats itself confirms its own accusation',
    edits: [
      {
        file: 'src/core/swim/suspicion.ts',
        find: '  if (accusers.includes(accusation.accuser)) return false;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'G23',
    tier: 1,
    violates: ['LIVE'],
    note: 'nobody ever tries those who are held dead',
    edits: [
      {
        file: EXCHANGE,
        find: '  if (turn % reachEveryPeriods === 0) askOneOf(state, unreachable(state), out);\n',
        replace: '',
      },
    ],
  },
];

export const SWIM_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'swim'));
