/**
 * Latencies of requests, from the turn that read them to the turn that answered them.
 *
 * Buckets grow by 1/16 of a power of two, so a quantile is right to about 6 %; integers only, no
 * allocation. For the METRICS reply; the daemon's histograms are its own.
 */
const SUB_BUCKETS = 16;
const BUCKETS = 40 * SUB_BUCKETS;

export class LatencyTable {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  note(micros: number): void {
    this.#counts[bucketOf(Math.max(0, micros))]!++;
    this.#total++;
  }

  /** The upper edge of the bucket in which the quantile lies; 0 if nothing was noted. */
  quantile(fraction: number): number {
    if (this.#total === 0) return 0;
    const wanted = this.#total * fraction;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted) return upperEdge(bucket);
    }
    return upperEdge(BUCKETS - 1);
  }
}

function bucketOf(micros: number): number {
  let power = 0;
  let rest = micros;
  while (rest >= 2 * SUB_BUCKETS) {
    rest = Math.floor(rest / 2);
    power++;
  }
  return Math.min(BUCKETS - 1, power * SUB_BUCKETS + rest);
}

function upperEdge(bucket: number): number {
  const power = Math.max(0, Math.floor(bucket / SUB_BUCKETS) - 1);
  return (bucket - power * SUB_BUCKETS) * 2 ** power;
}

export class Latencies {
  readonly gets = new LatencyTable();
  readonly puts = new LatencyTable();

  note(isGet: boolean, micros: number): void {
    (isGet ? this.gets : this.puts).note(micros);
  }
}
