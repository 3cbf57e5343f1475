/**
 * What must hold between members, looked at after every step (the machine's own invariants are in
 * core/swim/check.ts). The rules of the merge are stated here a second time, in other words. Who
 * accuses whom is in accusations.ts, what leaves in traffic.ts, how well one feels in scores.ts.
 *
 * swim-incarnation
 *   1. Nobody claims an incarnation that its subject never took.
 *   2. An observer's record of a member only moves up: a higher incarnation, or a worse state at
 *      the same one; `forgotten` ends the record.
 *   3. A process's own incarnation only rises. What it heard of itself and is not so, it has topped
 *      by the end of the step.
 * swim-accuracy
 *   4. A death by timeout comes after the whole time that its accusers leave the accused, in time
 *      that the observer lived through.
 *   5. One that left says nothing new of itself until it joins again.
 *   6. While the world is calm, nobody who is up is accused. (What a stale address list says of
 *      one that was never heard is no accusation of it: incarnation 0.) In a scene in which nobody
 *      may be held dead, nobody is whom the scene protects.
 *   7. Nobody becomes a member by being accused: whom an observer has forgotten, or never knew, it
 *      takes up by its own word only.
 *   8. Nobody is buried by a whole table: when two halves meet, what it says of the dead is of
 *      unknown age, and no more than an accusation.
 * swim-bounds
 *   9. A tombstone is not forgotten before its time, unless the table is full.
 */
import { assert } from '../../src/base/assert.ts';
import type { NodeId } from '../../src/base/units.ts';
import type { Message } from '../../src/core/swim/message.ts';
import type { Change, SwimEvent, SwimOut } from '../../src/core/swim/state.ts';
import { Accusations } from './accusations.ts';
import { Fairness } from './fairness.ts';
import type { SwimMember } from './member.ts';
import type { SwimKnobs } from './plan.ts';
import { Scores } from './scores.ts';
import { Traffic } from './traffic.ts';

/** From harmless to final: what may replace what at one incarnation. */
const SEVERITY = ['alive', 'suspect', 'dead', 'left'];

interface View {
  readonly state: string;
  readonly incarnation: number;
  readonly sinceMs: number;
  /** The observer's own stalls up to then. */
  readonly stalledMs: number;
  /** For a suspicion: the least time that it must last, by the number of confirmations. */
  readonly timeoutMsMin: (confirmations: number) => number;
}

interface Observer {
  epoch: number;
  ownIncarnation: number;
  readonly views: Map<NodeId, View>;
  /** Whom it knows: at first the list that it was given. */
  readonly known: Set<NodeId>;
}

/** One step of one member, as the rules look at it. */
interface Step {
  /** What it read; null: nothing. */
  readonly heard: Message | null;
  readonly member: SwimMember;
  readonly observer: Observer;
  readonly event: SwimEvent;
  readonly out: SwimOut;
}

export interface OracleCounts {
  suspicions: number;
  deaths: number;
  refutations: number;
  returns: number;
  forgotten: number;
}

const NO_COUNTS: OracleCounts = {
  suspicions: 0,
  deaths: 0,
  refutations: 0,
  returns: 0,
  forgotten: 0,
};

export class SwimOracle {
  readonly counts: OracleCounts = { ...NO_COUNTS };
  countsInChaos: OracleCounts = { ...NO_COUNTS };
  /** While set, an accusation of anybody who is up is a violation. */
  isCalm = false;
  /** Whom nobody may hold dead, in a scene with faults; null: there is no such scene. */
  isProtected: ((observer: NodeId, subject: NodeId) => boolean) | null = null;
  private readonly accusations: Accusations;
  private readonly traffic: Traffic;
  private readonly scores: Scores;
  private readonly fairness: Fairness;
  private readonly knobs: SwimKnobs;
  private readonly members: ReadonlyMap<NodeId, SwimMember>;
  private readonly observers = new Map<NodeId, Observer>();
  /** The highest incarnation that each member ever took. */
  private readonly taken = new Map<NodeId, number>();

  constructor(knobs: SwimKnobs, worldSize: number, members: ReadonlyMap<NodeId, SwimMember>) {
    this.knobs = knobs;
    this.members = members;
    this.accusations = new Accusations(knobs);
    this.traffic = new Traffic(knobs, worldSize);
    this.scores = new Scores(knobs.healthMax);
    this.fairness = new Fairness(knobs.gossipMultiplier);
  }

  afterStep(member: SwimMember, event: SwimEvent, out: SwimOut): void {
    const observer = this.observerOf(member);
    const heard = event.kind === 'datagram' ? this.traffic.read(event.bytes) : null;
    const step = { heard, member, observer, event, out };
    this.takeOwn(member);
    if (heard !== null) this.accusations.hear(member, heard);
    for (const { bytes } of out.datagrams) {
      const message = this.traffic.read(bytes);
      if (message !== null) this.accusations.noteAsked(member, message);
    }
    if (event.kind === 'tick') this.accusations.judgeOwn(member);
    for (const change of out.changes) {
      if (change.id === member.id) this.checkOwnChange(step, change);
      else this.checkChange(step, change);
    }
    if (heard !== null) this.checkRefuted(member, heard);
    const isTick = event.kind === 'tick';
    const sent = out.datagrams.map(({ bytes }) => this.traffic.judge(member, bytes, isTick));
    for (const message of sent) this.accusations.noteSent(member, message, isTick);
    this.scores.judge(member, step, heard, sent);
    this.fairness.judge(member, event, out, sent);
  }

  endChaos(): void {
    this.countsInChaos = { ...this.counts };
  }

  private observerOf(member: SwimMember): Observer {
    const present = this.observers.get(member.id);
    if (present !== undefined && present.epoch === member.epoch) return present;
    const known = new Set(member.state.config.peers.map(({ id }) => id));
    const observer = { epoch: member.epoch, ownIncarnation: 0, views: new Map(), known };
    this.observers.set(member.id, observer);
    return observer;
  }

  private takeOwn(member: SwimMember): void {
    const { incarnation } = member.state;
    if (incarnation > (this.taken.get(member.id) ?? 0)) this.taken.set(member.id, incarnation);
  }

  private checkOwnChange({ member, observer, event }: Step, change: Change): void {
    const mayChange = !member.hasLeft || event.kind === 'leave';
    assert(mayChange, 'swim-accuracy', `${member.id} left and announced itself again`);
    if (change.state === 'alive') {
      const rises = change.incarnation > observer.ownIncarnation;
      assert(rises, 'swim-incarnation', `${member.id} did not rise above its own incarnation`);
      if (event.kind === 'datagram') this.counts.refutations++;
    }
    observer.ownIncarnation = change.incarnation;
  }

  private checkRefuted(member: SwimMember, message: Message): void {
    if (member.hasLeft || message.target !== member.id) return;
    const { incarnation, config, members } = member.state;
    // One that speaks from where its id may not be is not heard.
    if (members.get(message.sender.id)?.address !== message.sender.address) return;
    for (const said of message.updates) {
      if (said.id !== member.id || said.incarnation < incarnation) continue;
      const isTrue = said.state === 'alive' && said.address === config.address;
      const agrees = isTrue && said.incarnation === incarnation;
      const heard = `${member.id} heard ${said.state}@${said.incarnation} at ${said.address}`;
      assert(agrees, 'swim-incarnation', `${heard} and stays at ${incarnation}`);
    }
  }

  private checkChange(step: Step, change: Change): void {
    const { member, observer } = step;
    const { id, state, incarnation } = change;
    const held = observer.views.get(id);
    const said = `${member.id} holds ${id} ${state}@${incarnation}`;
    this.traffic.noteChange(member, change);
    if (state === 'forgotten') {
      this.checkForgotten(member, held, said);
      observer.views.delete(id);
      observer.known.delete(id);
      return;
    }
    const isIntroduced = observer.known.has(id) || state === 'alive';
    assert(isIntroduced, 'swim-accuracy', `${said}, whom it does not know`);
    observer.known.add(id);
    assert(incarnation <= (this.taken.get(id) ?? 0), 'swim-incarnation', `${said}: never taken`);
    if (held !== undefined) this.checkMoved(step, held, change);
    this.checkCalm(member, change, said);
    const timeoutMsMin = this.accusations.timeoutMsMin(member, step.out);
    const { stalledMs } = member;
    const sinceMs = member.nowMs();
    observer.views.set(id, { state, incarnation, sinceMs, stalledMs, timeoutMsMin });
    if (state === 'dead') this.accusations.noteDeath(member, id, incarnation);
    if (state === 'suspect') this.counts.suspicions++;
    if (state === 'dead') this.counts.deaths++;
  }

  /** Rule 2. */
  private checkMoved({ member, event, heard }: Step, held: View, change: Change): void {
    const { id, state, incarnation } = change;
    const said = `${member.id} holds ${id} ${state}@${incarnation}`;
    const worse = SEVERITY.indexOf(state) > SEVERITY.indexOf(held.state);
    const moved = incarnation > held.incarnation || (incarnation === held.incarnation && worse);
    assert(moved, 'swim-incarnation', `${said} after ${held.state}@${held.incarnation}`);
    if (event.kind === 'tick' && state === 'dead') this.checkVerdict(member, held, change);
    const isTable = heard?.kind === 'sync' || heard?.kind === 'table';
    const isBuried = isTable && state === 'dead' && held.state !== 'dead';
    assert(!isBuried, 'swim-accuracy', `${said}, by nothing but a table`);
    if (state === 'alive' && held.state !== 'alive') this.counts.returns++;
  }

  /** Rule 4. */
  private checkVerdict(member: SwimMember, held: View, { id, incarnation }: Change): void {
    const said = `${member.id} holds ${id} dead@${incarnation}`;
    assert(held.state === 'suspect', 'swim-accuracy', `${said} without an accusation`);
    const confirmations = this.accusations.confirmations(member, id, incarnation);
    const stalledMs = member.stalledMs - held.stalledMs;
    const lastedMs = member.nowMs() - held.sinceMs - stalledMs;
    const dueMs = held.timeoutMsMin(confirmations);
    const after = `after ${lastedMs} of ${dueMs} ms, ${confirmations} confirmations`;
    assert(lastedMs >= dueMs, 'swim-accuracy', `${said} ${after}`);
  }

  /** Rule 6. */
  private checkCalm(observer: SwimMember, change: Change, said: string): void {
    const subject = this.members.get(change.id);
    if (change.incarnation === 0 || subject === undefined || !subject.isUp()) return;
    const isDead = change.state === 'dead';
    const isAccused = change.state === 'suspect' || isDead;
    assert(!this.isCalm || !isAccused, 'swim-accuracy', `${said} though nothing is wrong`);
    const isProtected = this.isProtected?.(observer.id, change.id) ?? false;
    assert(!isDead || !isProtected, 'swim-accuracy', `${said} though it is well`);
  }

  /** Rule 9. */
  private checkForgotten(member: SwimMember, held: View | undefined, said: string): void {
    this.counts.forgotten++;
    if (held === undefined || member.state.members.size >= this.knobs.membersMax) return;
    const keptMs = member.nowMs() - held.sinceMs;
    const isOver = keptMs >= this.knobs.forgetAfterMs;
    assert(isOver, 'swim-bounds', `${said} after ${keptMs} ms`);
  }
}
