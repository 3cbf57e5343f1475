/**
 * What must hold between members, looked at after every step (the machine's own invariants are in
 * core/swim/check.ts). The rules of the merge are stated here a second time, in other words.
 *
 * swim-incarnation
 *   1. Nobody claims an incarnation that its subject never took.
 *   2. An observer's record of a member only moves up: a higher incarnation, or a worse state at
 *      the same one; `forgotten` ends the record.
 *   3. A process's own incarnation only rises, and every datagram names the present one. What it
 *      heard of itself and is not so, it has topped by the end of the step.
 * swim-accuracy
 *   4. Who accuses by its own probe has pinged, and waited a whole period for an answer.
 *   5. A death by timeout comes after the whole timeout of the accusation that it ends, in time
 *      that the observer lived through.
 *   6. One that left says nothing new of itself until it joins again.
 *   7. While the world is calm, nobody who is up is accused. (What a stale address list says of
 *      one that was never heard is no accusation of it: incarnation 0.)
 * swim-bounds
 *   8. No datagram is above its size, and every one can be read.
 */
import { assert } from '../../src/base/assert.ts';
import type { NodeId } from '../../src/base/units.ts';
import { decodeMessage } from '../../src/core/swim/message.ts';
import { type Change, liveCount, type SwimEvent, type SwimOut } from '../../src/core/swim/state.ts';
import { bitLength } from '../../src/core/swim/suspicion.ts';
import type { SwimMember } from './member.ts';
import type { SwimKnobs } from './plan.ts';

/** From harmless to final: what may replace what at one incarnation. */
const SEVERITY = ['alive', 'suspect', 'dead', 'left'];

interface View {
  readonly state: string;
  readonly incarnation: number;
  readonly sinceMs: number;
  /** The observer's own stalls up to then. */
  readonly stalledMs: number;
  /** For a suspicion: the least time that it must last. */
  readonly timeoutMs: number;
}

interface Observer {
  epoch: number;
  ownIncarnation: number;
  readonly views: Map<NodeId, View>;
  /** When each member was last pinged by a probe of the observer's own. */
  readonly pingedAtMs: Map<NodeId, number>;
}

export interface OracleCounts {
  suspicions: number;
  deaths: number;
  refutations: number;
  returns: number;
  forgotten: number;
}

export class SwimOracle {
  readonly counts: OracleCounts = {
    suspicions: 0,
    deaths: 0,
    refutations: 0,
    returns: 0,
    forgotten: 0,
  };
  /** While set, an accusation of anybody who is up is a violation. */
  isCalm = false;
  private readonly knobs: SwimKnobs;
  private readonly members: ReadonlyMap<NodeId, SwimMember>;
  private readonly observers = new Map<NodeId, Observer>();
  /** The highest incarnation that each member ever took. */
  private readonly taken = new Map<NodeId, number>();

  constructor(knobs: SwimKnobs, members: ReadonlyMap<NodeId, SwimMember>) {
    this.knobs = knobs;
    this.members = members;
  }

  afterStep(member: SwimMember, event: SwimEvent, out: SwimOut): void {
    const observer = this.observerOf(member);
    this.takeOwn(member);
    for (const change of out.changes) {
      if (change.id === member.id) this.checkOwnChange(member, observer, event, change);
      else this.checkChange(member, observer, event, change);
    }
    if (event.kind === 'datagram') this.checkRefuted(member, event.bytes);
    for (const { bytes } of out.datagrams) this.checkDatagram(member, observer, event, bytes);
  }

  private observerOf(member: SwimMember): Observer {
    const known = this.observers.get(member.id);
    if (known !== undefined && known.epoch === member.epoch) return known;
    const observer = {
      epoch: member.epoch,
      ownIncarnation: 0,
      views: new Map<NodeId, View>(),
      pingedAtMs: new Map<NodeId, number>(),
    };
    this.observers.set(member.id, observer);
    return observer;
  }

  private takeOwn(member: SwimMember): void {
    const { incarnation } = member.state;
    if (incarnation > (this.taken.get(member.id) ?? 0)) this.taken.set(member.id, incarnation);
  }

  private checkOwnChange(
    member: SwimMember,
    observer: Observer,
    event: SwimEvent,
    change: Change,
  ): void {
    const mayChange = !member.hasLeft || event.kind === 'leave';
    assert(mayChange, 'swim-accuracy', `${member.id} left and announced itself again`);
    if (change.state === 'alive') {
      const rises = change.incarnation > observer.ownIncarnation;
      assert(rises, 'swim-incarnation', `${member.id} did not rise above its own incarnation`);
      if (event.kind === 'datagram') this.counts.refutations++;
    }
    observer.ownIncarnation = change.incarnation;
  }

  private checkRefuted(member: SwimMember, bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    if (member.hasLeft || message === null || message.target !== member.id) return;
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

  private checkChange(
    member: SwimMember,
    observer: Observer,
    event: SwimEvent,
    change: Change,
  ): void {
    const { id, state, incarnation } = change;
    const held = observer.views.get(id);
    const said = `${member.id} holds ${id} ${state}@${incarnation}`;
    if (state === 'forgotten') {
      observer.views.delete(id);
      this.counts.forgotten++;
      return;
    }
    assert(incarnation <= (this.taken.get(id) ?? 0), 'swim-incarnation', `${said}: never taken`);
    if (held !== undefined) {
      const worse = SEVERITY.indexOf(state) > SEVERITY.indexOf(held.state);
      const moved = incarnation > held.incarnation || (incarnation === held.incarnation && worse);
      const from = `${held.state}@${held.incarnation}`;
      assert(moved, 'swim-incarnation', `${said} after ${from}`);
      if (event.kind === 'tick' && state === 'dead') this.checkVerdict(member, held, said);
      if (state === 'alive' && held.state !== 'alive') this.counts.returns++;
    }
    if (event.kind === 'tick' && state === 'suspect')
      this.checkAccusation(member, observer, change);
    this.checkCalm(change, said);
    const timeoutMs = this.timeoutMs(member);
    const { stalledMs } = member;
    const sinceMs = member.nowMs();
    observer.views.set(id, { state, incarnation, sinceMs, stalledMs, timeoutMs });
    if (state === 'suspect') this.counts.suspicions++;
    if (state === 'dead') this.counts.deaths++;
  }

  /** The timeout of an accusation made now; the step may have moved n across a power of two. */
  private timeoutMs(member: SwimMember): number {
    const { suspicionMultiplier, probePeriodMs } = this.knobs;
    const bits = bitLength(liveCount(member.state)) - 1;
    return suspicionMultiplier * Math.max(1, bits) * probePeriodMs;
  }

  /** Rule 5. */
  private checkVerdict(member: SwimMember, held: View, said: string): void {
    assert(held.state === 'suspect', 'swim-accuracy', `${said} without an accusation`);
    const stalledMs = member.stalledMs - held.stalledMs;
    const lastedMs = member.nowMs() - held.sinceMs - stalledMs;
    assert(lastedMs >= held.timeoutMs, 'swim-accuracy', `${said} after ${lastedMs} ms`);
  }

  /** Rule 4. */
  private checkAccusation(member: SwimMember, observer: Observer, change: Change): void {
    const pingedAtMs = observer.pingedAtMs.get(change.id);
    const said = `${member.id} accuses ${change.id}`;
    assert(pingedAtMs !== undefined, 'swim-accuracy', `${said} without a ping`);
    const waitedMs = member.nowMs() - pingedAtMs;
    assert(waitedMs >= this.knobs.probePeriodMs, 'swim-accuracy', `${said} after ${waitedMs} ms`);
  }

  /** Rule 7. */
  private checkCalm(change: Change, said: string): void {
    const subject = this.members.get(change.id);
    if (!this.isCalm || change.incarnation === 0) return;
    if (subject === undefined || !subject.isUp()) return;
    const isAccused = change.state === 'suspect' || change.state === 'dead';
    assert(!isAccused, 'swim-accuracy', `${said} though nothing is wrong`);
  }

  private checkDatagram(
    member: SwimMember,
    observer: Observer,
    event: SwimEvent,
    bytes: Uint8Array,
  ): void {
    const fits = bytes.length <= this.knobs.datagramBytesMax;
    assert(fits, 'swim-bounds', `${member.id} sends ${bytes.length} bytes`);
    const message = decodeMessage(bytes);
    assert(message !== null, 'swim-bounds', `${member.id} sends what nobody can read`);
    const { state, incarnation } = message.sender;
    const says = `${member.id} calls itself ${state}@${incarnation}`;
    assert((state === 'left') === member.hasLeft, 'swim-accuracy', says);
    assert(incarnation === member.state.incarnation, 'swim-incarnation', says);
    if (message.kind === 'ping' && event.kind === 'tick') {
      observer.pingedAtMs.set(message.target, member.nowMs());
    }
  }
}
