/**
 * One node's process: the node's driver, as an operating system treats it.
 *
 * 1. Whatever happens goes into a mailbox. Some while after the first input (the gather delay) a
 *    turn takes up to `turnInputsMax` of them, in order of arrival, and then calls `turn` once.
 * 2. A turn also runs when the node's deadline has come on its own monotonic clock, a little late.
 * 3. A turn keeps the CPU for a while: the next one begins after it.
 * 4. A crash drops the driver in mid-air: every port of that incarnation is dead from that moment,
 *    even if the crash came in the middle of its turn.
 * 5. A paused process does nothing; time goes on, and its mailbox fills.
 * 6. Bytes of a client are good until the end of the turn that took them, and are spoilt then.
 * 7. What a driver throws ends it and is reported as a failure, never swallowed.
 */
import { InvariantViolation } from '../../src/base/assert.ts';
import { type Millis, NEVER, type NodeId } from '../../src/base/units.ts';
import type { NodeDriver, NodeEvent, NodePorts } from '../../src/node/contract.ts';
import type { Clock } from './clock.ts';
import type { ProcessKnobs } from './config.ts';
import type { CrashKind, SimulatedDisk } from './disk.ts';
import type { Failure, FaultLedger } from './faults.ts';
import type { SimulatedNet } from './net.ts';
import type { Scheduler } from './scheduler.ts';
import { SimulatedScout } from './scout.ts';
import type { Stream } from './streams.ts';
import { eventKind } from './trace.ts';

const TURN_EVENT = eventKind('turn');
const WAKE_EVENT = eventKind('wake');
const RESUME_EVENT = eventKind('resume');
const SPOILT_BYTE = 0xdb;

export interface ProcessOptions {
  readonly node: NodeId;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly disk: SimulatedDisk;
  readonly net: SimulatedNet;
  readonly knobs: ProcessKnobs;
  readonly faults: FaultLedger;
  /** Turn times draw apart from the entropy port, and crashes from both. */
  readonly timingStream: Stream;
  readonly entropyStream: Stream;
  readonly crashStream: Stream;
  readonly newDriver: (node: NodeId, ports: NodePorts, incarnation: number) => NodeDriver;
  readonly fail: (failure: Failure) => void;
}

export type ProcessState = 'stopped' | 'running' | 'paused' | 'failed';

export class SimulatedProcess {
  readonly options: ProcessOptions;
  private driver: NodeDriver | null = null;
  private mailbox: NodeEvent[] = [];
  private state: ProcessState = 'stopped';
  /** Counts starts and stops: what belongs to an older epoch is void. */
  private epoch = 0;
  private incarnations = 0;
  private isTurnPlanned = false;
  private wakeAtUs = NEVER as number;
  private busyUntilUs = 0;
  private slownessPermille = 1_000;
  private pauses = 0;
  /** Told of all that enters the node, in order: enough to replay it. */
  onInput: ((event: NodeEvent) => void) | null = null;
  onTurn: ((nowMs: number, wallMs: number) => void) | null = null;
  /** Called after each turn that the node survived; for online checks. */
  afterTurn: (() => void) | null = null;
  /** Called before a crash takes the driver. */
  onCrash: (() => void) | null = null;

  constructor(options: ProcessOptions) {
    this.options = options;
    options.clock.onChange = () => this.planWake();
  }

  status(): ProcessState {
    return this.state;
  }

  /** The running driver; null while there is none. */
  current(): NodeDriver | null {
    return this.driver;
  }

  /** How many times the process has been started. */
  incarnation(): number {
    return this.incarnations;
  }

  start(): void {
    if (this.driver !== null) return;
    const { node, net, disk, newDriver } = this.options;
    const epoch = ++this.epoch;
    this.state = 'running';
    this.incarnations++;
    this.busyUntilUs = 0;
    disk.deliver = (completion) => this.accept({ kind: 'disk', completion });
    const isMade = this.guarded(() => {
      const driver = newDriver(node, this.ports(epoch), this.incarnations);
      if (epoch === this.epoch) this.driver = driver;
    });
    if (!isMade || epoch !== this.epoch) return;
    net.up(node, (event) => this.accept(event));
    this.planTurn();
  }

  /** Stops the node as a loss of power or a kill does. Drops nothing that is durable. */
  crash(kind: CrashKind): void {
    const { node, disk, faults, clock, crashStream } = this.options;
    if (this.driver !== null) this.onCrash?.();
    this.stop('stopped');
    disk.crash(kind);
    if (kind === 'power') clock.reboot(crashStream.below(1_000_000));
    faults.count(kind === 'power' ? 'crash-power' : 'crash-process', node);
  }

  /** The kind of crash that this world draws. */
  drawCrashKind(): CrashKind {
    const { crashStream, knobs } = this.options;
    return crashStream.permille(knobs.processCrashPermille) ? 'process' : 'power';
  }

  /** Crashes the node and puts in an empty disk. */
  wipe(): void {
    this.crash('power');
    this.options.disk.wipe();
    this.options.faults.count('wipe', this.options.node);
  }

  /** Stops the process without killing it, until `resume` or for `forUs`. */
  pause(forUs: number | null): void {
    if (this.state !== 'running') return;
    this.state = 'paused';
    const pause = ++this.pauses;
    this.options.faults.count('pause', this.options.node);
    if (forUs === null) return;
    this.options.scheduler.after(forUs, RESUME_EVENT, this.options.node, () => {
      if (pause === this.pauses) this.resume();
    });
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    this.pauses++;
    this.planTurn();
  }

  /** From now on turns take `permille` thousandths of their time; 1,000 is normal. */
  slow(permille: number): void {
    this.slownessPermille = permille;
    if (permille > 1_000) this.options.faults.count('slow-cpu', this.options.node);
  }

  /** Ends a driver that violated something, and reports it. */
  fail(error: unknown): void {
    const { node, scheduler, fail } = this.options;
    const isOurs = error instanceof InvariantViolation;
    const isError = error instanceof Error;
    this.stop('failed');
    this.options.disk.crash('power');
    fail({
      timeUs: scheduler.nowUs(),
      node,
      checker: isOurs ? error.checker : 'internal',
      message: isError ? error.message : String(error),
      stack: isError ? (error.stack ?? '') : '',
    });
  }

  private stop(state: ProcessState): void {
    const wasUp = this.driver !== null;
    this.epoch++;
    this.pauses++;
    this.state = state;
    this.driver = null;
    this.mailbox = [];
    this.isTurnPlanned = false;
    this.wakeAtUs = NEVER;
    this.options.disk.deliver = null;
    if (wasUp) this.options.net.down(this.options.node);
  }

  private accept(event: NodeEvent): void {
    if (this.driver === null) return;
    const isDroppable = event.kind === 'gossip' || event.kind === 'peer-frame';
    if (isDroppable && this.mailbox.length >= this.options.knobs.backlogMax) {
      this.options.faults.count('backlog-loss', this.options.node);
      return;
    }
    this.mailbox.push(event);
    this.planTurn();
  }

  private planTurn(): void {
    if (this.isTurnPlanned || this.state !== 'running') return;
    const { scheduler, timingStream, knobs, node } = this.options;
    const epoch = this.epoch;
    this.isTurnPlanned = true;
    const readyUs = Math.max(scheduler.nowUs(), this.busyUntilUs);
    scheduler.at(readyUs + timingStream.delay(knobs.gather), TURN_EVENT, node, () => {
      if (epoch !== this.epoch) return;
      this.isTurnPlanned = false;
      if (this.state === 'running') this.turn();
    });
  }

  private turn(): void {
    const { clock, scheduler, timingStream, knobs } = this.options;
    const epoch = this.epoch;
    const costUs = Math.floor((timingStream.delay(knobs.turnCost) * this.slownessPermille) / 1_000);
    this.busyUntilUs = scheduler.nowUs() + Math.max(1, costUs);
    const taken = this.take(knobs.turnInputsMax);
    const isDone = this.guarded(() => this.drive(taken, epoch));
    spoil(taken);
    if (!isDone || epoch !== this.epoch) return;
    scheduler.note(taken.length ^ (clock.wallMs() | 0));
    this.afterTurn?.();
    if (epoch !== this.epoch) return;
    if (this.mailbox.length > 0) this.planTurn();
    this.planWake();
  }

  /** The oldest inputs, up to `inputsMax`. */
  private take(inputsMax: number): NodeEvent[] {
    if (this.mailbox.length > inputsMax) return this.mailbox.splice(0, inputsMax);
    const all = this.mailbox;
    this.mailbox = [];
    return all;
  }

  private drive(inputs: readonly NodeEvent[], epoch: number): void {
    const { clock } = this.options;
    for (const event of inputs) {
      this.onInput?.(event);
      this.driver?.input(event);
      if (epoch !== this.epoch) return;
    }
    const nowMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    this.onTurn?.(nowMs, wallMs);
    this.driver?.turn(nowMs, wallMs);
  }

  /** Sees to it that a turn begins when the node's deadline has come. */
  private planWake(): void {
    const { clock, scheduler, timingStream, knobs, node } = this.options;
    const dueUs = clock.virtualTimeOf(this.deadline());
    if (dueUs === NEVER) return;
    const noticedUs = Math.max(dueUs, this.busyUntilUs) + timingStream.delay(knobs.timerLateness);
    if (this.wakeAtUs <= noticedUs && this.wakeAtUs > scheduler.nowUs()) return;
    const epoch = this.epoch;
    this.wakeAtUs = noticedUs;
    scheduler.at(noticedUs, WAKE_EVENT, node, () => {
      if (epoch !== this.epoch || this.wakeAtUs !== noticedUs) return;
      this.wakeAtUs = NEVER;
      this.wake();
    });
  }

  /** The deadline may have moved since: then the alarm is set anew. */
  private wake(): void {
    if (this.deadline() <= this.options.clock.monotonicMs()) this.planTurn();
    else this.planWake();
  }

  private deadline(): Millis {
    let deadline = NEVER;
    this.guarded(() => {
      if (this.driver !== null) deadline = this.driver.deadline();
    });
    return deadline;
  }

  /** False when `run` threw: the process has failed then. */
  private guarded(run: () => void): boolean {
    try {
      run();
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  private ports(epoch: number): NodePorts {
    const { net, disk, node, knobs, entropyStream } = this.options;
    const isAlive = (): boolean => epoch === this.epoch;
    let allocated = 0;
    return {
      net: net.port(node, isAlive),
      disk: {
        submit(ticket, operation) {
          if (isAlive()) disk.submit(ticket, operation);
        },
        freeBytes: () => (isAlive() ? disk.freeBytes() : 0),
      },
      entropy: { word: () => (isAlive() ? entropyStream.word() : 0) },
      memory: {
        allocate(bytes) {
          allocated += bytes;
          if (allocated > knobs.memoryBytesMax) throw new RangeError('out of memory');
          return new Uint8Array(bytes);
        },
        scout: node % 2 === 0 ? null : new SimulatedScout(),
      },
    };
  }
}

/** What a client sent is the port's again: whoever kept a view of it reads nonsense from now on. */
function spoil(taken: readonly NodeEvent[]): void {
  for (const event of taken) if (event.kind === 'received') event.bytes.fill(SPOILT_BYTE);
}
