/** What a range of seeds has been through: probes and proved stalls of its runs, added up. */
import { PROBES } from '../check/probes/catalogue.ts';
import type { SeedReport, WorldName } from './report.ts';

const COLUMN = 34;

export class Coverage {
  readonly #names: readonly string[];
  /** By probe: how many runs have hit it. */
  readonly #runs = new Map<string, number>();
  /** By reason: runs whose core could not go on. */
  readonly #stalls = new Map<string, number>();

  constructor(world: WorldName) {
    this.#names = PROBES.filter((probe) => probe.world === world).map(({ name }) => name);
  }

  add({ probes, stall }: SeedReport): void {
    for (const name of Object.keys(probes)) this.#runs.set(name, (this.#runs.get(name) ?? 0) + 1);
    if (stall === null) return;
    this.#stalls.set(stall.reason, (this.#stalls.get(stall.reason) ?? 0) + 1);
  }

  /** Runs by reason, sorted. */
  stalls(): Record<string, number> {
    const reasons = [...this.#stalls.keys()].sort();
    return Object.fromEntries(reasons.map((reason) => [reason, this.#stalls.get(reason)!]));
  }

  /** In the order of the catalogue. */
  missed(): string[] {
    return this.#names.filter((name) => !this.#runs.has(name));
  }

  /** Runs by probe, 0 for what was missed. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#names.map((name) => [name, this.#runs.get(name) ?? 0]));
  }

  /** For a person: a line each, and a line for each miss that says what it would have been. */
  lines(): string[] {
    const stalls = Object.entries(this.stalls()).map(([reason, count]) => `${reason} ${count}`);
    const proved = stalls.length === 0 ? [] : [`stalls proved: ${stalls.join(', ')}`];
    return [...proved, ...this.#probeLines()];
  }

  #probeLines(): string[] {
    const missed = this.missed();
    const head = `${this.#names.length - missed.length} of ${this.#names.length} probes hit`;
    if (missed.length === 0) return [head];
    const sentences = new Map(PROBES.map(({ name, sentence }) => [name, sentence]));
    return [
      `${head}; never:`,
      ...missed.map((name) => `  ${name.padEnd(COLUMN)} ${sentences.get(name)}`),
    ];
  }
}
