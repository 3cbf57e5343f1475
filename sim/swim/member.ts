/**
 * One member of a SWIM-only world: a process around the machine, with a clock of its own.
 *
 * 1. A start is a new process: nothing of the old state, another seed, perhaps another address.
 * 2. It ticks when its deadline has come on its own clock.
 * 3. A paused process does nothing; what comes meanwhile waits, up to a bound. When it wakes it
 *    reads its mail and ticks, in an order that is drawn.
 * 4. A deaf process ticks in time but reads nothing; its mail waits likewise. So is one whose host
 *    is busy, and it is worse than a paused one: it does not know.
 * 5. Whatever it puts out goes to `observe` first: the oracle sees it before the network does.
 */
import { type ClusterId, millis, NEVER, type NodeId } from '../../src/base/units.ts';
import {
  newSwimOut,
  type Peer,
  type SwimEvent,
  type SwimOut,
  type SwimState,
} from '../../src/core/swim/state.ts';
import { swim } from '../../src/core/swim/step.ts';
import { Clock } from '../world/clock.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { SwimKnobs } from './plan.ts';

const TICK_EVENT = eventKind('swim-tick');
const MAILBOX_MAX = 256;
/** In large worlds the invariants are looked at after every so many steps. */
const CHECK_EVERY_STEP_UP_TO = 16;

export type MemberStatus = 'stopped' | 'running' | 'paused';

export interface MemberOptions {
  readonly id: NodeId;
  readonly clusterId: ClusterId;
  readonly knobs: SwimKnobs;
  readonly worldSize: number;
  readonly scheduler: Scheduler;
  readonly stream: Stream;
  readonly observe: (member: SwimMember, event: SwimEvent, out: SwimOut) => void;
}

export class SwimMember {
  readonly id: NodeId;
  readonly clock: Clock;
  address = '';
  status: MemberStatus = 'stopped';
  /** Whether the present or last process has said good-bye. */
  hasLeft = false;
  /** Time that the present process certainly had to forgive, because it stood still itself. */
  stalledMs = 0;
  /** Counts processes: what was planned for an older one is void. */
  epoch = 0;
  private readonly options: MemberOptions;
  private machine: SwimState | null = null;
  private mailbox: SwimEvent[] = [];
  private isDeaf = false;
  private wakeAtUs = NEVER as number;
  private steps = 0;

  constructor(options: MemberOptions) {
    this.options = options;
    this.id = options.id;
    this.clock = new Clock(() => options.scheduler.nowUs(), 0);
  }

  /** The state of the present process; of the last one when it is stopped. */
  get state(): SwimState {
    if (this.machine === null) throw new Error('never started');
    return this.machine;
  }

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  /** Whether others should hold it alive. */
  isUp(): boolean {
    return this.status !== 'stopped' && !this.hasLeft;
  }

  /** A new process at `address`. */
  start(peers: readonly Peer[]): void {
    const { id, clusterId, knobs, stream } = this.options;
    const { address } = this;
    this.epoch++;
    this.status = 'running';
    this.hasLeft = false;
    this.stalledMs = 0;
    this.mailbox = [];
    this.isDeaf = false;
    this.wakeAtUs = NEVER;
    this.clock.reboot(stream.below(1_000_000) * 1_000);
    const seed = [stream.word(), stream.word(), stream.word(), stream.word()];
    this.machine = swim.init({ ...knobs, id, address, clusterId, peers, seed });
    this.planWake();
  }

  stop(): void {
    this.epoch++;
    this.status = 'stopped';
    this.mailbox = [];
  }

  pause(): void {
    if (this.status !== 'running') return;
    this.hear();
    this.status = 'paused';
  }

  resume(): void {
    if (this.status !== 'paused') return;
    this.status = 'running';
    // Its tick was due at the end of the period at the latest, whatever it reads now; up to a
    // period late it is not forgiven.
    const lateMs = this.nowMs() - this.state.periodEndsAtMs;
    if (lateMs > this.options.knobs.probePeriodMs) this.stalledMs += lateMs;
    const ticksFirst = this.options.stream.permille(500);
    if (ticksFirst) this.tickIfDue();
    this.readMail();
    if (!ticksFirst) this.tickIfDue();
  }

  deafen(): void {
    if (this.status === 'running') this.isDeaf = true;
  }

  hear(): void {
    if (!this.isDeaf) return;
    this.isDeaf = false;
    this.readMail();
  }

  private readMail(): void {
    const mail = this.mailbox;
    this.mailbox = [];
    for (const event of mail) this.take(event);
  }

  /** Hands an event to the process, or to its mailbox. */
  take(event: SwimEvent): void {
    if (this.status === 'stopped') return;
    const isUnread = this.isDeaf && event.kind === 'datagram';
    if (this.status === 'paused' || isUnread) {
      if (this.mailbox.length < MAILBOX_MAX) this.mailbox.push(event);
      return;
    }
    const state = this.state;
    const out = newSwimOut();
    swim.step(state, event, millis(this.nowMs()), out);
    if (event.kind === 'leave') this.hasLeft = true;
    if (event.kind === 'join') this.hasLeft = false;
    this.steps++;
    const isSmall = this.options.worldSize <= CHECK_EVERY_STEP_UP_TO;
    if (isSmall || this.steps % 16 === 0) swim.check(state);
    this.options.observe(this, event, out);
    this.planWake();
  }

  private tickIfDue(): void {
    if (swim.deadline(this.state) <= this.nowMs()) this.take({ kind: 'tick' });
    else this.planWake();
  }

  /** Plans a tick for the deadline; an earlier one that is planned already will look again. */
  private planWake(): void {
    const { scheduler } = this.options;
    const deadline = swim.deadline(this.state);
    if (deadline === NEVER) return;
    const dueUs = this.clock.virtualTimeOf(deadline);
    if (dueUs >= this.wakeAtUs) return;
    this.wakeAtUs = dueUs;
    const { epoch } = this;
    scheduler.at(dueUs, TICK_EVENT, this.id, () => {
      if (epoch !== this.epoch || this.wakeAtUs !== dueUs) return;
      this.wakeAtUs = NEVER;
      if (this.status === 'running') this.tickIfDue();
    });
  }
}
