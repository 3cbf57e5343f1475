/**
 * What a datagram says, about others and about ourselves.
 *
 * 1. Claims about others are merged (members.ts).
 * 2. A claim about ourselves is never accepted, it is refuted: we take an incarnation above the
 *    claim's, whatever ours was. So a process that restarted at the first incarnation and hears
 *    "dead at 5", or even "alive at 5", continues at 6, and a stale "alive" with an old address of
 *    ours cannot outlive the present one.
 * 3. A claim below our incarnation has been refuted already and changes nothing.
 * 4. Who left does not contradict anybody: it would announce itself again.
 * 5. `dead` in somebody's whole table is of unknown age. When two halves of a cluster meet after
 *    a partition, each table holds the other half dead; taken at its word, each half would bury
 *    itself. About a member that lives here it counts as an accusation by the sender, which can be
 *    refuted.
 */
import { assert } from '../../base/assert.ts';
import { worsenHealth } from './health.ts';
import { learn } from './members.ts';
import { INCARNATION_MAX, type Message } from './message.ts';
import { changeOf, isLive, ownRecord, type SwimOut, type SwimState, type Update } from './state.ts';

export function hear(state: SwimState, message: Message, now: number, out: SwimOut): void {
  const isTable = message.kind === 'sync' || message.kind === 'table';
  learn(state, message.sender, now, out);
  for (const claim of message.updates) {
    if (claim.id === state.config.id) {
      hearOfOurselves(state, claim, out);
    } else {
      learn(state, isTable ? asAccusation(state, claim, message) : claim, now, out);
    }
  }
}

/** Rule 5. A tombstone here stays what it is: an accusation must not revive it. */
function asAccusation(state: SwimState, claim: Update, { sender }: Message): Update {
  const held = state.members.get(claim.id);
  if (claim.state !== 'dead' || held === undefined || !isLive(held.state)) return claim;
  return { ...claim, state: 'suspect', accuser: sender.id };
}

function hearOfOurselves(state: SwimState, claim: Update, out: SwimOut): void {
  if (state.left || !contradictsUs(state, claim)) return;
  // Nothing is above the highest; only a forger can bring us there.
  if (claim.incarnation >= INCARNATION_MAX) return;
  refute(state, claim, out);
  assert(state.incarnation > claim.incarnation, 'swim-incarnation', 'refuted from below');
}

/** Whether others would take the claim for news, or for the truth in place of our record. */
export function contradictsUs(state: SwimState, claim: Update): boolean {
  if (claim.incarnation !== state.incarnation) return claim.incarnation > state.incarnation;
  return claim.state !== 'alive' || claim.address !== state.config.address;
}

function refute(state: SwimState, claim: Update, out: SwimOut): void {
  state.incarnation = claim.incarnation + 1;
  state.counters.refutations++;
  if (claim.state === 'suspect' || claim.state === 'dead') worsenHealth(state, 1);
  out.changes.push(changeOf(ownRecord(state)));
}
