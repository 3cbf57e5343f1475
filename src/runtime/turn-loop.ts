/**
 * Drives a node on Node's event loop: one turn for all that one pass of the loop brought.
 *
 * 1. What comes in is handed to the driver at once and makes a turn due; the turn runs after the
 *    poll phase (`setImmediate`), when all sockets and completions that were ready have spoken.
 * 2. Clocks are read once a turn.
 * 3. One timer, for the driver's deadline; it is set anew only when the deadline comes earlier than
 *    it would ring. Ringing early costs a look, never a turn.
 * 4. What a driver throws is our own bug: it ends the loop for good, before anything else runs.
 */
import { type Millis, millis } from '../base/units.ts';
import type { NodeDriver, NodeEvent } from '../node/contract.ts';

/** A longer timeout overflows Node's timers. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export interface TurnLoopOptions {
  readonly driver: NodeDriver;
  /** After each turn that the driver survived. */
  readonly afterTurn: (now: number) => void;
  readonly died: (error: unknown) => void;
}

export class TurnLoop {
  readonly #options: TurnLoopOptions;
  #isPlanned = false;
  #isEnded = false;
  #timer: NodeJS.Timeout | null = null;
  #ringsAt = Number.POSITIVE_INFINITY;
  turns = 0;

  constructor(options: TurnLoopOptions) {
    this.#options = options;
  }

  /** The first turn; a driver may have to begin something without being asked. */
  start(): void {
    this.#plan();
  }

  accept(event: NodeEvent): void {
    if (this.#isEnded) return;
    this.#options.driver.input(event);
    this.#plan();
  }

  /** No turn runs after this. */
  end(): void {
    this.#isEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #plan(): void {
    if (this.#isPlanned || this.#isEnded) return;
    this.#isPlanned = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#isPlanned = false;
    if (this.#isEnded) return;
    const { driver, afterTurn } = this.#options;
    const micros = Math.floor(performance.now() * 1000);
    const now = millis(Math.floor(micros / 1000));
    this.#guarded(() => {
      driver.turn(now, Date.now(), micros);
      this.turns++;
      afterTurn(now);
      this.#setAlarm(driver.deadline(), now);
    });
  }

  #setAlarm(deadline: Millis, now: number): void {
    if (this.#isEnded || deadline >= this.#ringsAt || !Number.isFinite(deadline)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const delayMs = Math.min(Math.max(deadline - now, 1), TIMEOUT_MS_MAX);
    this.#ringsAt = now + delayMs;
    this.#timer = setTimeout(() => this.#ring(), delayMs);
  }

  /** Something may have moved the deadline since the alarm was set. */
  #ring(): void {
    this.#timer = null;
    this.#ringsAt = Number.POSITIVE_INFINITY;
    if (this.#isEnded) return;
    const now = Math.floor(performance.now());
    this.#guarded(() => {
      const deadline = this.#options.driver.deadline();
      if (deadline <= now) this.#plan();
      else this.#setAlarm(deadline, now);
    });
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.end();
      this.#options.died(error);
    }
  }
}
