/**
 * The score of a member's own health (Lifeguard), counted a second time from what it sent and read.
 *
 *   - its probe was answered: one less;
 *   - its probe failed: one more for each helper that it asked and did not hear from; where it asked
 *     nobody, one more;
 *   - it refuted an accusation: one more.
 *
 * swim-accuracy: the score that it has is that score.
 */
import { assert } from '../../src/base/assert.ts';
import type { NodeId } from '../../src/base/units.ts';
import type { Message } from '../../src/core/swim/message.ts';
import type { SwimEvent, SwimOut } from '../../src/core/swim/state.ts';
import type { SwimMember } from './member.ts';

interface Outstanding {
  readonly target: NodeId;
  readonly sequence: number;
  readonly silent: Set<NodeId>;
  asked: number;
}

interface Score {
  readonly epoch: number;
  health: number;
  period: number;
  probe: Outstanding | null;
}

export class Scores {
  private readonly healthMax: number;
  private readonly scores = new Map<NodeId, Score>();

  constructor(healthMax: number) {
    this.healthMax = healthMax;
  }

  /** After a step; `heard` is what it read in it, `sent` what it sent. */
  judge(
    member: SwimMember,
    step: { readonly event: SwimEvent; readonly out: SwimOut },
    heard: Message | null,
    sent: readonly Message[],
  ): void {
    const score = this.scoreOf(member);
    if (heard !== null && isBelieved(member, heard)) this.read(member, score, heard, step.out);
    if (step.event.kind === 'leave') score.probe = null;
    if (member.state.period > score.period) this.endPeriod(member, score);
    for (const message of sent) note(score, message, step.event);
    const { health } = member.state;
    const said = `${member.id} scores its health ${health}, not ${score.health}`;
    assert(health === score.health, 'swim-accuracy', said);
  }

  private read(member: SwimMember, score: Score, heard: Message, out: SwimOut): void {
    const accusations = heard.updates.filter(
      ({ id, state }) => id === member.id && (state === 'suspect' || state === 'dead'),
    );
    const refutations = out.changes.filter(({ id }) => id === member.id);
    this.add(score, Math.min(accusations.length, refutations.length));
    const { probe } = score;
    if (probe === null || heard.sequence !== probe.sequence) return;
    if (heard.subject !== probe.target) return;
    if (heard.kind === 'nack') probe.silent.delete(heard.sender.id);
    if (heard.kind !== 'ack') return;
    this.add(score, -1);
    score.probe = null;
  }

  private endPeriod(member: SwimMember, score: Score): void {
    score.period = member.state.period;
    const { probe } = score;
    score.probe = null;
    if (probe !== null) this.add(score, probe.asked === 0 ? 1 : probe.silent.size);
  }

  private add(score: Score, by: number): void {
    score.health = Math.min(this.healthMax, Math.max(0, score.health + by));
  }

  private scoreOf(member: SwimMember): Score {
    const known = this.scores.get(member.id);
    if (known !== undefined && known.epoch === member.epoch) return known;
    const score = { epoch: member.epoch, health: 0, period: 0, probe: null };
    this.scores.set(member.id, score);
    return score;
  }
}

function note(score: Score, message: Message, event: SwimEvent): void {
  const { kind, target, sequence, subject } = message;
  if (kind === 'ping' && event.kind === 'tick') {
    score.probe = { target, sequence, silent: new Set(), asked: 0 };
  }
  const { probe } = score;
  if (kind !== 'ping-request' || probe === null || subject !== probe.target) return;
  probe.asked++;
  probe.silent.add(target);
}

/** One that speaks from where its id may not be is not heard; who left may come from anywhere. */
function isBelieved(member: SwimMember, { target, sender }: Message): boolean {
  const held = member.state.members.get(sender.id);
  if (target !== member.id) return false;
  if (held === undefined || held.address === sender.address || held.state === 'left') return true;
  const { reclaimAfterMs } = member.state.config;
  return held.state === 'dead' && member.nowMs() - held.sinceMs >= reclaimAfterMs;
}
