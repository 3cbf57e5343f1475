/**
 * What goes wrong in a SWIM-only world, and when it ends again.
 *
 * 1. Between two doings lie a drawn number of periods; what is done is drawn among the classes
 *    that the plan has on; how long it lasts is heavy-tailed, from one period to many.
 * 2. Everything ends by itself, or when the world calms down, whichever comes first.
 * 3. One that crashed comes back as a new process that knows its address list only.
 */
import { type NodeId, nodeId } from '../../src/base/units.ts';
import type { FaultLedger } from '../world/faults.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { SwimMember } from './member.ts';
import type { CutKind, SwimNetwork } from './network.ts';
import type { SwimFault, SwimPlan } from './plan.ts';
import { beSlow } from './slowness.ts';

const NEMESIS_EVENT = eventKind('swim-nemesis');
const RECOVER_EVENT = eventKind('swim-recover');

export interface NemesisOptions {
  readonly plan: SwimPlan;
  readonly scheduler: Scheduler;
  readonly stream: Stream;
  readonly faults: FaultLedger;
  readonly network: SwimNetwork;
  readonly members: readonly SwimMember[];
  /** Starts a new process; `elsewhere` at an address that was never used. */
  readonly restart: (member: SwimMember, elsewhere: boolean) => void;
}

export class SwimNemesis {
  private readonly options: NemesisOptions;
  private isOver = false;
  private readonly slownesses: (() => void)[] = [];

  constructor(options: NemesisOptions) {
    this.options = options;
  }

  begin(): void {
    const { plan, stream } = this.options;
    const delayUs = this.periodUs() * stream.between(1, 2 * plan.nemesisPeriods);
    this.options.scheduler.after(delayUs, NEMESIS_EVENT, 0, () => {
      if (this.isOver) return;
      this.act();
      this.begin();
    });
  }

  end(): void {
    this.isOver = true;
    for (const end of this.slownesses) end();
  }

  private act(): void {
    const { plan, stream, members } = this.options;
    const doings: readonly [SwimFault, (victim: SwimMember) => void][] = [
      ['cut', () => this.partition('cut')],
      ['send-error', () => this.partition('send-error')],
      ['crash', (victim) => this.crash(victim)],
      ['pause', (victim) => this.pause(victim)],
      ['slow', (victim) => this.slow(victim)],
      ['leave', (victim) => this.leave(victim)],
      ['drift', (victim) => this.drift(victim)],
    ];
    const victim = stream.pick(members);
    const enabled = doings.filter(([fault]) => plan.faults.has(fault));
    if (enabled.length > 0) stream.pick(enabled)[1](victim);
  }

  private partition(kind: CutKind): void {
    const { stream, faults, network } = this.options;
    const paths = this.drawPaths();
    for (const [from, to] of paths) network.cut(kind, from, to);
    faults.count(kind === 'cut' ? 'partition' : 'unroutable', 0, () => `${paths.length} paths`);
    this.later(stream.between(1, 6), () => {
      for (const [from, to] of paths) network.mend(kind, from, to);
    });
  }

  /** One link, one direction of it, one member from all, or two sides; each maybe one-way. */
  private drawPaths(): [NodeId, NodeId][] {
    const { stream, members } = this.options;
    const ids = stream.shuffle(members.map((member) => member.id));
    const shape = stream.below(3);
    const oneWay = stream.permille(300);
    const near = shape === 2 ? ids.slice(0, stream.between(1, ids.length - 1)) : ids.slice(0, 1);
    const far = shape === 0 ? ids.slice(1, 2) : ids.slice(near.length);
    const paths: [NodeId, NodeId][] = [];
    for (const from of near) {
      for (const to of far) {
        paths.push([from, to]);
        if (!oneWay) paths.push([to, from]);
      }
    }
    return paths;
  }

  private crash(victim: SwimMember): void {
    const { plan, stream, faults, restart } = this.options;
    if (victim.status === 'stopped') return;
    victim.stop();
    faults.count('crash', victim.id);
    const elsewhere = stream.permille(plan.faults.has('move') ? 300 : 0);
    const { epoch } = victim;
    this.later(stream.below(7), () => {
      if (victim.epoch !== epoch) return;
      if (elsewhere) faults.count('move', victim.id);
      restart(victim, elsewhere);
    });
  }

  private pause(victim: SwimMember): void {
    if (victim.status !== 'running') return;
    victim.pause();
    this.options.faults.count('pause', victim.id);
    const { epoch } = victim;
    this.later(this.options.stream.below(5), () => {
      if (victim.epoch === epoch) victim.resume();
    });
  }

  /** Reads its mail late for a while, by 0.1 to 30 s. */
  private slow(victim: SwimMember): void {
    const { scheduler, stream, faults } = this.options;
    if (victim.status !== 'running') return;
    const lateUs = { min: 100_000, spread: stream.between(1, 4) * 500_000, max: 30_000_000 };
    const end = beSlow({ member: victim, scheduler, stream: stream.fork(), lateUs });
    faults.count('slow', victim.id);
    this.slownesses.push(end);
    this.later(stream.between(2, 6), end);
  }

  /** Leaves; then either the process goes on and joins again, or it stops and is restarted. */
  private leave(victim: SwimMember): void {
    const { stream, faults, restart } = this.options;
    if (victim.status !== 'running' || victim.hasLeft) return;
    victim.take({ kind: 'leave' });
    faults.count('leave', victim.id);
    const stops = stream.permille(500);
    const { epoch } = victim;
    this.later(stream.below(6), () => {
      if (victim.epoch !== epoch || victim.status !== 'running') return;
      if (stops) victim.stop();
      if (stops) restart(victim, false);
      else victim.take({ kind: 'join', peers: [] });
    });
  }

  private drift(victim: SwimMember): void {
    const { plan, stream, faults } = this.options;
    const driftPpm = stream.between(0, 2 * plan.driftPpmMax) - plan.driftPpmMax;
    victim.clock.drift('monotonic', driftPpm);
    faults.count('drift', victim.id, () => `${driftPpm} ppm`);
  }

  /** After about 2^scale periods. */
  private later(scale: number, run: () => void): void {
    const { scheduler, stream } = this.options;
    const periods = stream.between(1, 2 ** scale);
    const delayUs = Math.floor(this.periodUs() / 4) * stream.between(1, 4) * periods;
    scheduler.after(delayUs, RECOVER_EVENT, 0, () => {
      if (!this.isOver) run();
    });
  }

  private periodUs(): number {
    return this.options.plan.knobs.probePeriodMs * 1_000;
  }
}

export const addressOf = (id: number, move: number): string => `10.0.${move}.${id}:7946`;

export const idsUpTo = (count: number): NodeId[] =>
  Array.from({ length: count }, (_, at) => nodeId(at + 1));
