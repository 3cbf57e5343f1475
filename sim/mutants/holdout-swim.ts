/** Bugs of SWIM that the catalogue does not list. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const MEMBERS = 'src/core/swim/members.ts';
const PROBE = 'src/core/swim/probe.ts';
const GOSSIP = 'src/core/swim/gossip.ts';
const RUMOUR = 'src/core/swim/rumour.ts';
const EXCHANGE = 'src/core/swim/exchange.ts';
const STEP = 'src/core/swim/step.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'K80',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'only whose own probe failed waits for the accused to object',
    edits: [
      {
        file: MEMBERS,
        find: "  if (claim.state === 'suspect') armSuspicion(state, claim, now);\n",
        replace:
          "  const isNew = claim.accuser === state.config.id || !state.suspicions.has(claim.id);\n  if (claim.state === 'suspect' && isNew) armSuspicion(state, claim, now);\n",
      },
    ],
  },
  {
    id: 'K81',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'an answer to any ping of ours to the target answers the present one',
    edits: [
      {
        file: PROBE,
        find: '  sequence === probe.sequence && subject === probe.target;\n',
        replace: '  sequence > 0 && subject === probe.target;\n',
      },
    ],
  },
  {
    id: 'K82',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'a helper takes any answer for the one that it waits for',
    edits: [
      {
        file: PROBE,
        find: '  if (relay === undefined || ack.sender.id !== relay.subject) return;\n',
        replace: '  if (relay === undefined) return;\n',
      },
    ],
  },
  {
    id: 'K83',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'the freshest news goes first, however often it was told: older news starves',
    edits: [
      {
        file: GOSSIP,
        find: '  left.transmissions - right.transmissions || right.order - left.order;\n',
        replace: '  right.order - left.order;\n',
      },
    ],
  },
  {
    id: 'K84',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'news is told as often in a large cluster as in a small one',
    edits: [
      {
        file: GOSSIP,
        find: '  state.config.gossipMultiplier * decimalDigits(liveCount(state));\n',
        replace: '  Math.min(2, decimalDigits(liveCount(state)));\n',
      },
    ],
  },
  {
    id: 'K85',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'one that came back from the dead is not told what is held of it',
    edits: [
      {
        file: GOSSIP,
        find: "  if (held !== undefined && held.state !== 'alive') told.push(recordOf(state, held, 0));\n",
        replace:
          "  if (held !== undefined && held.state === 'suspect') told.push(recordOf(state, held, 0));\n",
      },
    ],
  },
  {
    id: 'K86',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'a whole table that holds somebody dead is taken at its word',
    edits: [
      {
        file: RUMOUR,
        find: 'learn(state, isTable ? asAccusation(state, claim, message) : claim, now, out);',
        replace:
          'learn(state, isTable && claim.incarnation < 0 ? asAccusation(state, claim, message) : claim, now, out);',
      },
    ],
  },
  {
    id: 'K87',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'a helper probes the address that it holds itself',
    edits: [
      {
        file: PROBE,
        find: "  send(state, subject, { kind: 'ping', sequence, subject: NOBODY }, out);\n}\n\n/** An ack ends",
        replace:
          "  const held = state.members.get(subject.id) ?? subject;\n  send(state, held, { kind: 'ping', sequence, subject: NOBODY }, out);\n}\n\n/** An ack ends",
      },
    ],
  },
  {
    id: 'K88',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'time in which we stood still counts against those whom we suspect',
    edits: [
      {
        file: STEP,
        find: '  postponeSuspicions(state, stallMs);\n',
        replace: '  if (state.probe === null) postponeSuspicions(state, stallMs);\n',
      },
    ],
  },
  {
    id: 'K89',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'one that comes back after leaving keeps the incarnation that it left with',
    edits: [
      {
        file: EXCHANGE,
        find: '  state.farewellsLeft = 0;\n  state.incarnation++;\n',
        replace: '  state.farewellsLeft = 0;\n',
      },
    ],
  },
  {
    id: 'K90',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'a record that rises keeps its old address',
    edits: [
      {
        file: MEMBERS,
        find: '  member.address = claim.address;\n',
        replace: "  if (member.state === 'left') member.address = claim.address;\n",
      },
    ],
  },
  {
    id: 'K91',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'a tombstone counts its time from the last time that the member was seen alive',
    edits: [
      {
        file: MEMBERS,
        find: '  member.sinceMs = now;\n',
        replace: '  if (isLive(claim.state)) member.sinceMs = now;\n',
      },
    ],
  },
  {
    id: 'K92',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'a newcomer that enters before the cursor pushes the next one over it',
    edits: [
      {
        file: MEMBERS,
        find: '  if (place < state.cursor) state.cursor++;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K93',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'whoever drops out before the cursor lets the next one be passed over',
    edits: [
      {
        file: MEMBERS,
        find: '  if (place < state.cursor) state.cursor--;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K94',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'a farewell is said once, to a few',
    edits: [
      {
        file: EXCHANGE,
        find: '  state.farewellsLeft = transmissionsMax(state);\n',
        replace: '  state.farewellsLeft = 1;\n',
      },
    ],
  },
  {
    id: 'K95',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'the address book is asked only until the first answer',
    edits: [
      {
        file: EXCHANGE,
        find: '    if (held === undefined || isElsewhere) peers.push({ id, address });\n',
        replace:
          '    if (!state.joined && (held === undefined || isElsewhere)) peers.push({ id, address });\n',
      },
    ],
  },
  {
    id: 'K96',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'an accusation names the incarnation that is held now, not the one that was probed',
    edits: [
      {
        file: PROBE,
        find: '  const { incarnation } = probe;\n',
        replace: '  const { incarnation } = target;\n',
      },
    ],
  },
  {
    id: 'K97',
    tier: 2,
    violates: ['MEMB', 'LIVE'],
    note: 'a confirmation brings the deadline forward from now on, not from when it was armed',
    edits: [
      {
        file: 'src/core/swim/suspicion.ts',
        find: '  suspicion.deadlineMs = Math.max(now, armedAtMs + timeoutMs);\n',
        replace:
          '  suspicion.deadlineMs = armedAtMs > 0 ? now + Math.floor(timeoutMs / 2) : now;\n',
      },
    ],
  },
];

export const HOLDOUT_SWIM_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'swim'));
