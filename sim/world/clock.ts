/**
 * One machine's two clocks, made from virtual time.
 *
 * 1. Both are piecewise linear: rate 1 + drift, in parts per million, changeable at any moment.
 * 2. The monotonic clock never goes back. It starts anew with the machine (`reboot`).
 * 3. The wall clock can be stepped either way and keeps its offset over a reboot.
 * 4. A frozen clock stands still and goes on from where it stood.
 * 5. All arithmetic is on whole microseconds; products are split so that they stay exact.
 *
 * It deliberately knows no events: whoever waits for a deadline asks `virtualTimeOf` again after
 * `onChange`.
 */
import { assert } from '../../src/base/assert.ts';
import { type Millis, NEVER } from '../../src/base/units.ts';

const MILLION = 1_000_000;
const DRIFT_PPM_MAX = 500_000;

/** One line of a piecewise linear clock: at virtual `sinceUs` it showed `valueUs`. */
interface Line {
  sinceUs: number;
  valueUs: number;
  driftPpm: number;
  frozen: boolean;
}

/** What `elapsedUs` of virtual time adds to a clock of this drift, rounded down. */
function scaled(elapsedUs: number, driftPpm: number): number {
  const whole = Math.floor(elapsedUs / MILLION);
  const rest = elapsedUs - whole * MILLION;
  const rate = MILLION + driftPpm;
  return whole * rate + Math.floor((rest * rate) / MILLION);
}

function valueAt(line: Line, virtualUs: number): number {
  if (line.frozen) return line.valueUs;
  return line.valueUs + scaled(virtualUs - line.sinceUs, line.driftPpm);
}

/** Starts a new line at `virtualUs` without a jump. */
function rebase(line: Line, virtualUs: number): void {
  line.valueUs = valueAt(line, virtualUs);
  line.sinceUs = virtualUs;
}

export type ClockFace = 'monotonic' | 'wall' | 'both';

export class Clock {
  private readonly now: () => number;
  private readonly monotonic: Line;
  private readonly wall: Line;
  /** Called after every change of the monotonic clock's course. */
  onChange: (() => void) | null = null;

  /** `now` gives virtual time; `wallUs` is what the wall clock shows at the start. */
  constructor(now: () => number, wallUs: number) {
    this.now = now;
    this.monotonic = { sinceUs: now(), valueUs: 0, driftPpm: 0, frozen: false };
    this.wall = { sinceUs: now(), valueUs: wallUs, driftPpm: 0, frozen: false };
  }

  monotonicUs(): number {
    return valueAt(this.monotonic, this.now());
  }

  monotonicMs(): Millis {
    return Math.floor(this.monotonicUs() / 1_000) as Millis;
  }

  wallMs(): number {
    return Math.floor(valueAt(this.wall, this.now()) / 1_000);
  }

  /** How fast the monotonic clock runs now, in parts per million off true; -1,000,000 if frozen. */
  driftPpm(): number {
    return this.monotonic.frozen ? -MILLION : this.monotonic.driftPpm;
  }

  /** The first virtual microsecond at which the monotonic clock shows `deadline`; NEVER if frozen. */
  virtualTimeOf(deadline: Millis): number {
    const line = this.monotonic;
    if (deadline === NEVER) return NEVER;
    const wantedUs = deadline * 1_000 - line.valueUs;
    const now = this.now();
    if (wantedUs <= valueAt(line, now) - line.valueUs) return now;
    if (line.frozen) return NEVER;
    return line.sinceUs + inverse(wantedUs, line.driftPpm);
  }

  drift(face: ClockFace, driftPpm: number): void {
    assert(Math.abs(driftPpm) <= DRIFT_PPM_MAX, 'internal', 'drift out of range');
    this.change(face, (line) => {
      line.driftPpm = driftPpm;
    });
  }

  freeze(face: ClockFace): void {
    this.change(face, (line) => {
      line.frozen = true;
    });
  }

  thaw(face: ClockFace): void {
    this.change(face, (line) => {
      line.frozen = false;
    });
  }

  /** Steps the wall clock forward (positive) or back; it never shows less than nought. */
  step(byMs: number): void {
    rebase(this.wall, this.now());
    this.wall.valueUs = Math.max(0, this.wall.valueUs + byMs * 1_000);
  }

  /** The machine starts anew: its monotonic clock counts from `monotonicUs`. */
  reboot(monotonicUs: number): void {
    this.monotonic.sinceUs = this.now();
    this.monotonic.valueUs = monotonicUs;
    this.onChange?.();
  }

  private change(face: ClockFace, apply: (line: Line) => void): void {
    for (const line of [this.monotonic, this.wall]) {
      const isMeant = face === 'both' || (face === 'wall') === (line === this.wall);
      if (!isMeant) continue;
      rebase(line, this.now());
      apply(line);
    }
    if (face !== 'wall') this.onChange?.();
  }
}

/** The least elapsed virtual time after which a clock of this drift has gained `wantedUs`. */
function inverse(wantedUs: number, driftPpm: number): number {
  const rate = MILLION + driftPpm;
  const whole = Math.floor(wantedUs / rate);
  const rest = wantedUs - whole * rate;
  return whole * MILLION + Math.ceil((rest * MILLION) / rate);
}
