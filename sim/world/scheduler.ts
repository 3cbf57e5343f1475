/**
 * Virtual time and the order of events: the only loop of a simulated world.
 *
 * 1. Time is whole microseconds and moves only from one event to the next.
 * 2. Events run in the total order (time, sequence); the sequence is the order of scheduling.
 * 3. Nothing is ever cancelled: an event that may have become stale carries an epoch in its
 *    closure and looks before it acts.
 * 4. Every event enters the rolling digest, with whatever the world noted while it ran.
 */
import { assert } from '../../src/base/assert.ts';
import { Heap } from '../../src/base/heap.ts';
import { Digest, type EventKind, type TraceRecorder } from './trace.ts';

interface ScheduledEvent {
  readonly timeUs: number;
  readonly sequence: number;
  readonly kind: EventKind;
  readonly node: number;
  readonly run: () => void;
}

const inOrder = (left: ScheduledEvent, right: ScheduledEvent): number =>
  left.timeUs - right.timeUs || left.sequence - right.sequence;

export class Scheduler {
  private readonly heap = new Heap<ScheduledEvent>(inOrder);
  private readonly digest = new Digest();
  private time = 0;
  private nextSequence = 0;
  private ran = 0;
  private isStopped = false;
  /** Where every event is recorded, if anywhere. */
  recorder: TraceRecorder | null = null;
  /** Called before each event; for stopping at one and for online checks. */
  beforeEvent: ((event: number, kind: EventKind, node: number) => void) | null = null;
  /** Called after each event, for invariants that hold between any two. */
  afterEvent: ((event: number, kind: EventKind, node: number) => void) | null = null;
  /** Whoever schedules the event of this sequence is remembered in `watchedStack`. */
  watchedSequence = -1;
  watchedStack: string | null = null;

  nowUs(): number {
    return this.time;
  }

  /** How many events have run. */
  events(): number {
    return this.ran;
  }

  waiting(): number {
    return this.heap.size;
  }

  digestHex(): string {
    return this.digest.hex();
  }

  /** Runs `run` at `timeUs`, or now if that has passed. `node` is 0 for what belongs to none. */
  at(timeUs: number, kind: EventKind, node: number, run: () => void): void {
    assert(Number.isSafeInteger(timeUs), 'internal', 'an event needs a whole, finite time');
    if (this.nextSequence === this.watchedSequence) this.watchedStack = new Error('').stack ?? '';
    this.heap.push({
      timeUs: Math.max(timeUs, this.time),
      sequence: this.nextSequence++,
      kind,
      node,
      run,
    });
  }

  after(delayUs: number, kind: EventKind, node: number, run: () => void): void {
    this.at(this.time + delayUs, kind, node, run);
  }

  /** Adds a word to the digest of the running event: what it decided, moved or drew. */
  note(word: number): void {
    this.digest.add(word);
  }

  /** Runs the next event; false when there is none. */
  step(): boolean {
    const event = this.heap.pop();
    if (event === null) return false;
    this.time = event.timeUs;
    this.digest.addWide(event.timeUs);
    this.digest.add(event.kind.code ^ Math.imul(event.node, 0x9e37_79b1));
    this.beforeEvent?.(this.ran, event.kind, event.node);
    event.run();
    this.recorder?.record({
      sequence: event.sequence,
      timeUs: event.timeUs,
      kind: event.kind,
      node: event.node,
      digest: this.digest.word(),
    });
    const position = this.ran++;
    this.afterEvent?.(position, event.kind, event.node);
    return true;
  }

  /** Runs all events up to and including `timeUs`, then sets the time to it, unless stopped. */
  runUntil(timeUs: number): void {
    this.isStopped = false;
    while (!this.isStopped) {
      const next = this.heap.peek();
      if (next === null || next.timeUs > timeUs) break;
      this.step();
    }
    if (!this.isStopped) this.time = Math.max(this.time, timeUs);
  }

  /** Runs until nothing is waiting, `isDone` says so, or `eventsMax` events have run. */
  runWhile(isWanted: () => boolean, eventsMax: number): void {
    this.isStopped = false;
    for (let count = 0; count < eventsMax && !this.isStopped && isWanted(); count++) {
      if (!this.step()) return;
    }
  }

  /** Makes `runUntil` or `runWhile` return after the running event. */
  stop(): void {
    this.isStopped = true;
  }
}
