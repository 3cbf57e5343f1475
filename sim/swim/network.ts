/**
 * The network of a SWIM-only world: datagrams that may be lost, doubled, late, spoiled, or old.
 *
 * 1. A datagram goes to whoever listens at its address, not to an id: a member that moved is not
 *    reached where it was.
 * 2. Cuts are directed and counted, so that overlapping ones end one by one.
 * 3. A replay is a second delivery much later: what a healed path may still spit out.
 * 4. A send error is local and certain: the sender hears of it, and nothing leaves.
 * 5. When the world calms down, the rates are nought and what was to be replayed is forgotten.
 */
import { type NodeId, nodeId } from '../../src/base/units.ts';
import type { Datagram } from '../../src/core/swim/state.ts';
import type { FaultLedger } from '../world/faults.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind, fingerprint } from '../world/trace.ts';
import type { SwimMember } from './member.ts';
import type { SwimFault, SwimPlan } from './plan.ts';

const DELIVER_EVENT = eventKind('swim-deliver');
const REPLAY_EVENT = eventKind('swim-replay');
const SEND_ERROR_EVENT = eventKind('swim-send-error');

export type CutKind = 'cut' | 'send-error';

const pathOf = (from: number, to: number): number => from * 0x1_0000 + to;

export interface NetworkOptions {
  readonly plan: SwimPlan;
  readonly scheduler: Scheduler;
  readonly stream: Stream;
  readonly faults: FaultLedger;
  readonly members: readonly SwimMember[];
}

export class SwimNetwork {
  private readonly options: NetworkOptions;
  private readonly cuts = new Map<CutKind, Map<number, number>>();
  private isCalm = false;
  private calmLossPermille = 0;

  constructor(options: NetworkOptions) {
    this.options = options;
    this.cuts.set('cut', new Map());
    this.cuts.set('send-error', new Map());
  }

  /** From now on datagrams arrive, once, intact and soon. Cuts are lifted. */
  calm(): void {
    this.isCalm = true;
    for (const counts of this.cuts.values()) counts.clear();
  }

  /** A calm network that loses some, and does nothing worse. */
  lose(permille: number): void {
    this.calmLossPermille = permille;
  }

  cut(kind: CutKind, from: NodeId, to: NodeId): void {
    const counts = this.cuts.get(kind)!;
    counts.set(pathOf(from, to), (counts.get(pathOf(from, to)) ?? 0) + 1);
  }

  mend(kind: CutKind, from: NodeId, to: NodeId): void {
    const counts = this.cuts.get(kind)!;
    const left = (counts.get(pathOf(from, to)) ?? 1) - 1;
    if (left > 0) counts.set(pathOf(from, to), left);
    else counts.delete(pathOf(from, to));
  }

  send(sender: SwimMember, datagram: Datagram): void {
    const { plan, scheduler, faults } = this.options;
    const { target, bytes } = datagram;
    scheduler.note(fingerprint(bytes));
    if (this.isCut('send-error', sender.id, target)) {
      faults.count('send-error', sender.id);
      this.refuse(sender, target);
      return;
    }
    if (this.isCut('cut', sender.id, target)) return;
    if (this.isLost(sender)) return;
    this.deliverLater(sender, datagram, this.spoil(sender, bytes));
    if (this.happens('duplicate', plan.duplicatePermille)) {
      faults.count('duplicate', sender.id);
      this.deliverLater(sender, datagram, bytes);
    }
    if (this.happens('replay', plan.replayPermille)) this.replayLater(sender, datagram);
  }

  private isCut(kind: CutKind, from: number, to: number): boolean {
    return this.cuts.get(kind)!.has(pathOf(from, to));
  }

  private isLost(sender: SwimMember): boolean {
    const { plan, stream, faults } = this.options;
    if (this.isCalm) {
      return this.calmLossPermille > 0 && stream.permille(this.calmLossPermille);
    }
    const isLost = this.happens('loss', plan.lossPermille);
    if (isLost) faults.count('loss', sender.id);
    return isLost;
  }

  private happens(fault: SwimFault, permille: number): boolean {
    const { plan, stream } = this.options;
    return stream.permille(!this.isCalm && plan.faults.has(fault) ? permille : 0);
  }

  private spoil(sender: SwimMember, bytes: Uint8Array): Uint8Array {
    const { plan, stream, faults } = this.options;
    if (!this.happens('corrupt', plan.corruptPermille)) return bytes;
    faults.count('corrupt', sender.id);
    const spoiled = bytes.slice();
    const at = stream.below(spoiled.length);
    spoiled[at] = spoiled[at]! ^ (1 << stream.below(8));
    return spoiled;
  }

  private deliverLater(sender: SwimMember, datagram: Datagram, bytes: Uint8Array): void {
    const { plan, scheduler, stream } = this.options;
    const isSlow = !this.isCalm && plan.faults.has('delay');
    const delayUs = stream.delay(isSlow ? plan.delayUs : plan.calmDelayUs);
    scheduler.after(delayUs, DELIVER_EVENT, datagram.target, () => {
      // A cut takes what is under way as well.
      if (!this.isCut('cut', sender.id, datagram.target)) this.deliver(datagram.address, bytes);
    });
  }

  private replayLater(sender: SwimMember, datagram: Datagram): void {
    const { plan, scheduler, stream, faults } = this.options;
    const delayUs = stream.delay(plan.replayDelayUs);
    scheduler.after(delayUs, REPLAY_EVENT, datagram.target, () => {
      if (this.isCalm) return;
      faults.count('replay', sender.id);
      this.deliver(datagram.address, datagram.bytes);
    });
  }

  private deliver(address: string, bytes: Uint8Array): void {
    const member = this.options.members.find(
      (listener) => listener.address === address && listener.status !== 'stopped',
    );
    member?.take({ kind: 'datagram', bytes });
  }

  private refuse(sender: SwimMember, target: number): void {
    const { epoch } = sender;
    this.options.scheduler.after(1, SEND_ERROR_EVENT, sender.id, () => {
      if (sender.epoch === epoch) sender.take({ kind: 'send-failed', peer: nodeId(target) });
    });
  }
}
