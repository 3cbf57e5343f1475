/**
 * Who accused whom in a SWIM-only world, kept apart from what the members believe.
 *
 * 1. An accuser is a member whose own probe failed: it pinged, waited a whole period, longer by its
 *    own score, and gave the helpers that it asked two timeouts. Or one that holds the member dead:
 *    its table says so.
 * 2. Nobody names an accuser that did not accuse (that member, at that incarnation).
 * 3. A suspect has at least the time that the number of its accusers leaves it: the accusers that
 *    this observer can know of, each once, the first not counted. The law is stated here a second
 *    time, on a table of its own.
 */
import { assert } from '../../src/base/assert.ts';
import type { NodeId } from '../../src/base/units.ts';
import type { Message } from '../../src/core/swim/message.ts';
import { liveCount, type SwimOut, type Update } from '../../src/core/swim/state.ts';
import { bitLength } from '../../src/core/swim/suspicion.ts';
import type { SwimMember } from './member.ts';
import type { SwimKnobs } from './plan.ts';

/** ln(n + 1) in millionths. */
const LN_MICRO = [0, 693_147, 1_098_612, 1_386_294, 1_609_438, 1_791_759, 1_945_910, 2_079_442];

interface Ping {
  readonly atMs: number;
  /** The score of whoever pinged, then. */
  readonly health: number;
  askedAtMs: number | null;
}

/** What one process did and heard. */
interface Witness {
  readonly epoch: number;
  readonly pings: Map<NodeId, Ping>;
  /** Who accuses, by the accused and its incarnation. */
  readonly heard: Map<string, Set<NodeId>>;
}

export class Accusations {
  private readonly knobs: SwimKnobs;
  private readonly made = new Set<string>();
  private readonly witnesses = new Map<NodeId, Witness>();

  constructor(knobs: SwimKnobs) {
    this.knobs = knobs;
  }

  /** Before the step's changes are judged: what its datagram said. */
  hear(member: SwimMember, message: Message): void {
    const isTable = message.kind === 'sync' || message.kind === 'table';
    for (const { id, state, incarnation, accuser } of message.updates) {
      if (state === 'suspect') this.note(member, { id, incarnation, accuser });
      if (state !== 'dead' || !isTable) continue;
      this.note(member, { id, incarnation, accuser: message.sender.id });
    }
  }

  /** Rule 1, for accusations and confirmations alike. */
  judgeOwn(member: SwimMember): void {
    for (const [id, { incarnation, accusers }] of member.state.suspicions) {
      if (!accusers.includes(member.id)) continue;
      const heard = this.witnessOf(member).heard.get(nameOf(id, incarnation));
      if (heard?.has(member.id) === true) continue;
      this.checkWaited(member, id);
      this.note(member, { id, incarnation, accuser: member.id });
      this.made.add(keyOf(member.id, id, incarnation));
    }
  }

  /** Before the step's accusations are judged: helpers may be asked in the very same step. */
  noteAsked(member: SwimMember, message: Message): void {
    const ping = this.witnessOf(member).pings.get(message.subject);
    if (message.kind === 'ping-request' && ping !== undefined) ping.askedAtMs = member.nowMs();
  }

  noteDeath(member: SwimMember, id: NodeId, incarnation: number): void {
    this.made.add(keyOf(member.id, id, incarnation));
  }

  /** What leaves: pings start the clock of an accusation. */
  noteSent(member: SwimMember, message: Message, isTick: boolean): void {
    const { pings } = this.witnessOf(member);
    if (message.kind === 'ping' && isTick) {
      const ping = { atMs: member.nowMs(), health: member.state.health, askedAtMs: null };
      pings.set(message.target, ping);
    }
    for (const update of message.updates) this.checkNamed(member, update);
  }

  /** The least time from now until an accusation that stands since this step may end in death. */
  timeoutMsMin(member: SwimMember, out: SwimOut): (confirmations: number) => number {
    const { suspicionMultiplier, suspicionStretch, confirmationsMax, probePeriodMs } = this.knobs;
    // The timer was armed somewhere in this step; its other changes may have moved n since.
    const count = Math.max(2, liveCount(member.state) - (out.changes.length - 1));
    const least = suspicionMultiplier * bitLength(count) * probePeriodMs;
    const wanted = Math.min(confirmationsMax, Math.floor((count - 1) / 2));
    return (confirmations) => {
      if (confirmations >= wanted) return least;
      const slack = least * (suspicionStretch - 1);
      const kept = LN_MICRO[wanted]! - LN_MICRO[confirmations]!;
      const left = Math.floor((slack * kept) / LN_MICRO[wanted]!);
      // The two tables are rounded differently.
      return Math.max(least, least + left - Math.ceil(slack / 500));
    };
  }

  /** How many beside the first the observer can know to accuse. */
  confirmations(member: SwimMember, id: NodeId, incarnation: number): number {
    const heard = this.witnessOf(member).heard.get(nameOf(id, incarnation));
    return Math.max(0, (heard?.size ?? 0) - 1);
  }

  private checkWaited(member: SwimMember, id: NodeId): void {
    const ping = this.witnessOf(member).pings.get(id);
    const said = `${member.id} accuses ${id}`;
    assert(ping !== undefined, 'swim-accuracy', `${said} without a ping`);
    const waitedMs = member.nowMs() - ping.atMs;
    const dueMs = this.knobs.probePeriodMs * (ping.health + 1);
    assert(waitedMs >= dueMs, 'swim-accuracy', `${said} after ${waitedMs} of ${dueMs} ms`);
    if (ping.askedAtMs === null) return;
    const helpedMs = member.nowMs() - ping.askedAtMs;
    const isHelped = helpedMs >= 2 * this.knobs.probeTimeoutMs;
    assert(isHelped, 'swim-accuracy', `${said}: its helpers had ${helpedMs} ms`);
  }

  /** Rule 2. */
  private checkNamed(member: SwimMember, { id, state, incarnation, accuser }: Update): void {
    if (state !== 'suspect') return;
    const isSo = this.made.has(keyOf(accuser, id, incarnation));
    const said = `${member.id} says that ${accuser} accuses ${id}@${incarnation}`;
    assert(isSo, 'swim-accuracy', `${said}, which never did`);
  }

  private note(
    member: SwimMember,
    said: { readonly id: NodeId; readonly incarnation: number; readonly accuser: NodeId },
  ): void {
    const { heard } = this.witnessOf(member);
    const name = nameOf(said.id, said.incarnation);
    const known = heard.get(name);
    if (known === undefined) heard.set(name, new Set([said.accuser]));
    else known.add(said.accuser);
  }

  private witnessOf(member: SwimMember): Witness {
    const known = this.witnesses.get(member.id);
    if (known !== undefined && known.epoch === member.epoch) return known;
    const witness = { epoch: member.epoch, pings: new Map(), heard: new Map() };
    this.witnesses.set(member.id, witness);
    return witness;
  }
}

const nameOf = (id: NodeId, incarnation: number): string => `${id}@${incarnation}`;

const keyOf = (accuser: NodeId, id: NodeId, incarnation: number): string =>
  `${accuser} ${id}@${incarnation}`;
