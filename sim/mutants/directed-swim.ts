/** Bugs for directed scenarios of SWIM that no row of the catalogue makes fail. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'X60',
    tier: 2,
    violates: ['MEMB'],
    note: 'an ack answers whatever probe is under way',
    edits: [
      {
        file: 'src/core/swim/probe.ts',
        find: '  if (probe !== null && answers(ack, probe)) {\n',
        replace: '  if (probe !== null) {\n',
      },
    ],
  },
  {
    id: 'X61',
    tier: 2,
    violates: ['MEMB'],
    note: 'a probe that was answered is not over',
    edits: [
      {
        file: 'src/core/swim/probe.ts',
        find: `    state.probe = null;
    improveHealth(state);
`,
        replace: '    improveHealth(state);\n',
      },
    ],
  },
  {
    id: 'X62',
    tier: 2,
    violates: ['MEMB'],
    note: 'a helper keeps the ack for itself',
    edits: [
      {
        file: 'src/core/swim/probe.ts',
        find: "  answerRequest(state, 'ack', relay, out);\n",
        replace: '',
      },
    ],
  },
  {
    id: 'X63',
    tier: 2,
    violates: ['MEMB'],
    note: 'whoever does not answer is held dead at once',
    edits: [
      {
        file: 'src/core/swim/probe.ts',
        find: `  learn(state, { id, state: 'suspect', incarnation, address, accuser }, now, out);
`,
        replace: `  learn(state, { id, state: 'dead', incarnation, address, accuser }, now, out);
`,
      },
    ],
  },
  {
    id: 'X64',
    tier: 2,
    violates: ['MEMB'],
    note: 'a suspicion never ends',
    edits: [
      {
        file: 'src/core/swim/suspicion.ts',
        find: `    verdicts.push({ id, state: 'dead', incarnation, address, accuser: NOBODY });
`,
        replace: '',
      },
    ],
  },
  {
    id: 'X65',
    tier: 2,
    violates: ['MEMB'],
    note: 'nobody contradicts what is said about oneself',
    edits: [
      {
        file: 'src/core/swim/rumour.ts',
        find: '  if (state.left || !contradictsUs(state, claim)) return;\n',
        replace: '  if (claim.incarnation >= 0) return;\n',
      },
    ],
  },
  {
    id: 'X66',
    tier: 2,
    violates: ['MEMB'],
    note: 'an accusation that was refuted is refuted again',
    edits: [
      {
        file: 'src/core/swim/rumour.ts',
        find: `  if (claim.incarnation !== state.incarnation) return claim.incarnation > state.incarnation;
`,
        replace: '  if (claim.incarnation > state.incarnation) return true;\n',
      },
      {
        file: 'src/core/swim/rumour.ts',
        find: '  state.incarnation = claim.incarnation + 1;\n',
        replace: '  state.incarnation = Math.max(state.incarnation, claim.incarnation) + 1;\n',
      },
    ],
  },
  {
    id: 'X67',
    tier: 2,
    violates: ['MEMB'],
    note: 'a death overrides whatever is held',
    edits: [
      {
        file: 'src/core/swim/members.ts',
        find: 'export function supersedes(claim: Update, held: Member): boolean {\n',
        replace: `export function supersedes(claim: Update, held: Member): boolean {
  if (claim.state === 'dead' && held.state !== 'dead' && held.state !== 'left') return true;
`,
      },
    ],
  },
  {
    id: 'X68',
    tier: 2,
    violates: ['MEMB'],
    note: 'one held dead is never told',
    edits: [
      {
        file: 'src/core/swim/exchange.ts',
        find: `  send(state, sender, { kind: 'gossip', sequence: 0, subject: NOBODY }, out);
}`,
        replace: '}',
      },
    ],
  },
  {
    id: 'X69',
    tier: 2,
    violates: ['MEMB'],
    note: 'one that left may be accused like anybody else',
    edits: [
      {
        file: 'src/core/swim/members.ts',
        find: '  left: 3,\n',
        replace: '  left: 0.5,\n',
      },
    ],
  },
  {
    id: 'X70',
    tier: 2,
    violates: ['MEMB'],
    note: 'an id is bound to no address',
    edits: [
      {
        file: 'src/core/swim/members.ts',
        find: "  if (held.state === 'left') return true;\n",
        replace: "  if (held.state !== 'dead') return true;\n",
      },
    ],
  },
  {
    id: 'X71',
    tier: 2,
    violates: ['MEMB'],
    note: 'news is sent twice as often as is said',
    edits: [
      {
        file: 'src/core/swim/gossip.ts',
        find: `  if (news.transmissions >= transmissionsMax(state)) state.news.delete(news.id);
`,
        replace: `  if (news.transmissions >= 2 * transmissionsMax(state)) state.news.delete(news.id);
`,
      },
    ],
  },
  {
    id: 'X72',
    tier: 2,
    violates: ['MEMB'],
    note: 'nobody hands over its table',
    edits: [
      {
        file: 'src/core/swim/exchange.ts',
        find: "  sendTable(state, sync.sender, 'table', out);\n",
        replace: '',
      },
    ],
  },
  {
    id: 'X73',
    tier: 2,
    violates: ['MEMB'],
    note: 'a suspect is not told that it is one',
    edits: [
      {
        file: 'src/core/swim/gossip.ts',
        find: `  if (held !== undefined && held.state !== 'alive') told.push(recordOf(state, held, 0));
`,
        replace: '',
      },
    ],
  },
  {
    id: 'X74',
    tier: 2,
    violates: ['MEMB'],
    note: 'the dead are forgotten at once',
    edits: [
      {
        file: 'src/core/swim/members.ts',
        find: '    return isDown && now - member.sinceMs >= forgetAfterMs;\n',
        replace: '    return isDown;\n',
      },
    ],
  },
  {
    id: 'X75',
    tier: 2,
    violates: ['MEMB'],
    note: 'the same accusation starts its timer anew',
    edits: [
      {
        file: 'src/core/swim/members.ts',
        find: '      if (confirms(state, claim, held, now)) spread(state, claim.id);\n',
        replace: `      if (confirms(state, claim, held, now)) spread(state, claim.id);
      if (claim.state === 'suspect' && held.state === 'suspect') armSuspicion(state, claim, now);
`,
      },
    ],
  },
  {
    id: 'X76',
    tier: 2,
    violates: ['MEMB'],
    note: 'the dead keep their address for ever',
    edits: [
      {
        file: 'src/core/swim/members.ts',
        find: `  return held.state === 'dead' && now - held.sinceMs >= state.config.reclaimAfterMs;
`,
        replace: '  return false;\n',
      },
    ],
  },
  {
    id: 'X77',
    tier: 2,
    violates: ['MEMB'],
    note: 'time in which we stood still counts against others',
    edits: [
      {
        file: 'src/core/swim/step.ts',
        find: '    forgiveStall(state, now);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'X78',
    tier: 2,
    violates: ['MEMB'],
    note: 'a confirmation shortens nothing',
    edits: [
      {
        file: 'src/core/swim/suspicion.ts',
        find: '  suspicion.deadlineMs = Math.max(now, armedAtMs + timeoutMs);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'X79',
    tier: 2,
    violates: ['MEMB'],
    note: 'nothing is ever held against our own health',
    edits: [
      {
        file: 'src/core/swim/health.ts',
        find: '  state.health = Math.min(state.config.healthMax, state.health + by);\n',
        replace: '',
      },
    ],
  },
];

export const DIRECTED_SWIM_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'swim'));
