/**
 * Makes a failure small: takes away whatever it does not need, as long as the same checker fails.
 *
 * 1. In this order: kinds of faults and strikes, single strikes (delta debugging: Zeller and
 *    Hildebrandt, "Simplifying and isolating failure-inducing input", 2002), clients, keys, and the
 *    end of chaos. A failure that got smaller may let more go, so the round is repeated once.
 * 2. Each try is a whole run. A failure by another checker is another failure, and is no success.
 */

import { type Schedule, STRIKE_KINDS, WHOLE_SCHEDULE } from '../run/schedule.ts';
import { FAULT_CLASSES } from '../world/config.ts';
import type { SeedReport } from './report.ts';

export type Try = (schedule: Schedule) => Promise<SeedReport>;

export interface Shrunk {
  readonly schedule: Schedule;
  readonly report: SeedReport;
  readonly runs: number;
}

const ROUNDS = 2;

export class Shrinker {
  readonly #try: Try;
  readonly #told: (line: string) => void;
  #schedule: Schedule = WHOLE_SCHEDULE;
  #report: SeedReport;
  readonly #checker: string;
  #runs = 0;

  /** `failed` is the run of the whole schedule. */
  constructor(failed: SeedReport, tryOne: Try, told: (line: string) => void) {
    this.#try = tryOne;
    this.#told = told;
    this.#report = failed;
    this.#checker = failed.checker!;
  }

  async shrink(): Promise<Shrunk> {
    for (let round = 0; round < ROUNDS; round++) {
      const before = JSON.stringify(this.#schedule);
      await this.#shrinkTail();
      await this.#shrinkKinds();
      await this.#shrinkStrikes();
      await this.#shrinkWorkload();
      if (JSON.stringify(this.#schedule) === before) break;
    }
    return { schedule: this.#schedule, report: this.#report, runs: this.#runs };
  }

  /** Keeps `change` if the same checker still fails. */
  async #keeps(change: Partial<Schedule>): Promise<boolean> {
    const schedule = { ...this.#schedule, ...change };
    const report = await this.#try(schedule);
    this.#runs++;
    if (report.verdict !== 'violation' || report.checker !== this.#checker) return false;
    this.#schedule = schedule;
    this.#report = report;
    return true;
  }

  async #shrinkKinds(): Promise<void> {
    for (const kind of [...STRIKE_KINDS, ...FAULT_CLASSES]) {
      const { off } = this.#schedule;
      if (off.includes(kind)) continue;
      if (await this.#keeps({ off: [...off, kind] })) this.#told(`without ${kind}`);
    }
  }

  /** ddmin over the strikes that happened before the failure. */
  async #shrinkStrikes(): Promise<void> {
    let strikes = this.#report.strikes.map(({ name }) => name);
    if (strikes.length === 0 || !(await this.#keeps({ strikes }))) return;
    for (let parts = 2; strikes.length > 0; ) {
      const size = Math.ceil(strikes.length / parts);
      const left = await this.#withoutOnePart(strikes, size);
      if (left !== null) {
        strikes = left;
        parts = Math.max(2, parts - 1);
        this.#told(`${strikes.length} strikes`);
      } else if (size === 1) return;
      else parts = Math.min(strikes.length, parts * 2);
    }
  }

  async #withoutOnePart(strikes: readonly string[], size: number): Promise<string[] | null> {
    for (let at = 0; at < strikes.length; at += size) {
      const left = [...strikes.slice(0, at), ...strikes.slice(at + size)];
      if (await this.#keeps({ strikes: left })) return left;
    }
    return null;
  }

  async #shrinkWorkload(): Promise<void> {
    const { shape } = this.#report;
    for (const clients of [1, 2, 3, 4]) {
      if (clients >= shape!.clients || (await this.#keeps({ clients }))) break;
    }
    for (const keys of [1, 2, 3]) {
      if (keys >= shape!.keys || (await this.#keeps({ keys }))) break;
    }
  }

  /** Chaos ends at the failure, or when it did, however few events are left of it. */
  async #shrinkTail(): Promise<void> {
    await this.#keeps({ safetyMs: this.#report.shape!.safetyMs });
  }
}
