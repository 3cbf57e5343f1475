/** What a range of seeds has been through: the probes of its runs, added up. */
import { PROBES } from '../check/probes/catalogue.ts';
import type { SeedReport, WorldName } from './report.ts';

const COLUMN = 34;

export class Coverage {
  readonly #names: readonly string[];
  /** By probe: how many runs have hit it. */
  readonly #runs = new Map<string, number>();

  constructor(world: WorldName) {
    this.#names = PROBES.filter((probe) => probe.world === world).map(({ name }) => name);
  }

  add({ probes }: SeedReport): void {
    for (const name of Object.keys(probes)) this.#runs.set(name, (this.#runs.get(name) ?? 0) + 1);
  }

  /** In the order of the catalogue. */
  missed(): string[] {
    return this.#names.filter((name) => !this.#runs.has(name));
  }

  /** Runs by probe, 0 for what was missed. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#names.map((name) => [name, this.#runs.get(name) ?? 0]));
  }

  /** For a person: one line, and a line for each miss that says what it would have been. */
  lines(): string[] {
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
