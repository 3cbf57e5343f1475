/**
 * Decay: a disk loses what it had kept, and its node is started on it some time later.
 *
 *   claim a victim ─▶ wait until a later header vouches for the log ─▶ spoil ─▶ crash, start
 *
 * A few sectors rot, or come back as zeros or with what stands elsewhere; a long run of them stands for
 * a write that went astray.
 */
import type { NodeId } from '../../src/base/units.ts';
import { comparePositions } from '../../src/core/wal/flush.ts';
import { sequenceOf, type WalState } from '../../src/core/wal/state.ts';
import type { SimulatedDisk } from '../world/disk.ts';
import {
  type ColdSector,
  damageSector,
  drawColdSector,
  misplaceSector,
} from '../world/disk-damage.ts';
import { SECTOR_BYTES } from '../world/disk-image.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { Atlas } from './atlas.ts';
import type { Cluster } from './cluster.ts';

const DECAY_EVENT = eventKind('decay');
const POLL_US = 20_000;
const POLLS_MAX = 150;

interface Plan {
  readonly node: NodeId;
  readonly isLog: boolean;
  readonly stream: Stream;
  pollsLeft: number;
  /** The atlas's number; 0: it has not given one. */
  claim: number;
}

export class Decay {
  readonly #cluster: Cluster;
  readonly #atlas: Atlas;

  readonly #isOver: () => boolean;

  constructor(cluster: Cluster, isOver: () => boolean) {
    this.#cluster = cluster;
    this.#isOver = isOver;
    this.#atlas = cluster.atlas;
  }

  strike(stream: Stream): void {
    this.#lieInWait({
      node: stream.pick(this.#cluster.world.nodes),
      isLog: stream.permille(600),
      pollsLeft: POLLS_MAX,
      claim: 0,
      stream,
    });
  }

  /** All others must be whole at the moment of the strike: that may take a while to come. */
  #lieInWait(plan: Plan): void {
    plan.claim = this.#atlas.claim(plan.node);
    if (plan.claim > 0) this.#aim(plan, this.#cluster.node(plan.node)!.state.wal!);
    else this.#later(plan, () => this.#lieInWait(plan));
  }

  #aim(plan: Plan, wal: WalState): void {
    const { durableEnd, end } = wal;
    const poll = (): void => {
      // A flush that ends behind `end` was begun after this moment, and vouches for `durableEnd`.
      const isVouched = comparePositions(wal.durableEnd, end) > 0;
      if (plan.isLog && !isVouched) {
        if (!this.#later(plan, poll)) this.#atlas.release(plan.claim);
        return;
      }
      if (this.#atlas.open(plan.claim, isVouched ? durableEnd : null)) this.#spoil(plan);
      else {
        this.#atlas.release(plan.claim);
        this.#later(plan, () => this.#lieInWait(plan));
      }
    };
    poll();
  }

  #later(plan: Plan, act: () => void): boolean {
    if (plan.pollsLeft-- <= 0) return false;
    this.#after(POLL_US, act);
    return true;
  }

  #spoil({ node, isLog, stream, claim }: Plan): void {
    const { world } = this.#cluster;
    const disk = world.disk(node);
    const wal = this.#cluster.node(node)!.state.wal!;
    let spoilt = 0;
    const isForeign = isLog && stream.permille(300);
    for (let spots = stream.between(1, 3); spots > 0; spots--) {
      const at = drawUsedSector(disk, stream, (file) =>
        isLog ? isSegmentOf(wal, file) : file.endsWith('.snapshot'),
      );
      if (at === null) continue;
      spoilt += isForeign ? misplaceRun(disk, at, stream) : this.#spoilRun(disk, at, stream);
    }
    if (spoilt === 0) {
      this.#atlas.release(claim);
      return;
    }
    const process = world.process(node);
    // Soon, as a rule: a log that is shortened meanwhile needs nothing of what was spoilt.
    this.#after(stream.between(1, stream.pick([5_000, 100_000, 1_000_000])), () => {
      process.crash(process.drawCrashKind());
      this.#after(stream.between(1, 500_000), () => process.start());
    });
  }

  /** How many sectors were spoilt. */
  #spoilRun(disk: SimulatedDisk, at: ColdSector, stream: Stream): number {
    const kind = stream.pick(['bit-rot', 'value-rot', 'value-rot', 'zeroed-sector'] as const);
    const sectors = kind === 'zeroed-sector' ? stream.pick([1, 1, 2, 16]) : 1;
    let spoilt = 0;
    for (let sector = 0; sector < sectors; sector++) {
      const target = { file: at.file, offset: at.offset + sector * SECTOR_BYTES };
      if (damageSector(disk, target, kind, stream)) spoilt++;
    }
    return spoilt;
  }

  #after(delayUs: number, act: () => void): void {
    this.#cluster.world.scheduler.after(delayUs, DECAY_EVENT, 0, () => {
      if (!this.#isOver()) act();
    });
  }
}

/** A run of the log shows what another place of the log holds. Answers how many sectors do. */
function misplaceRun(disk: SimulatedDisk, at: ColdSector, stream: Stream): number {
  const source = drawUsedSector(disk, stream, (file) => sequenceOf(file) > 0);
  const blocks = stream.pick([1, 1, 2, 4]);
  // Most such writes are whole blocks: what stands there looks whole, too.
  const unit = stream.permille(700) ? BLOCK_BYTES : SECTOR_BYTES;
  if (source === null) return 0;
  const from = source.offset - (source.offset % unit);
  const to = at.offset - (at.offset % unit);
  let spoilt = 0;
  for (let offset = 0; offset < BLOCK_BYTES * blocks; offset += SECTOR_BYTES) {
    const target = { file: at.file, offset: to + offset };
    if (misplaceSector(disk, { file: source.file, offset: from + offset }, target)) spoilt++;
  }
  return spoilt;
}

const BLOCK_BYTES = 4_096;
const DRAWS_MAX = 10;

/** Rather one that holds something: most of a log's last blocks is padding. */
function drawUsedSector(
  disk: SimulatedDisk,
  stream: Stream,
  isEligible: (file: string) => boolean,
): ColdSector | null {
  for (let draw = 1; ; draw++) {
    const at = drawColdSector(disk, stream, isEligible);
    if (at === null || draw === DRAWS_MAX) return at;
    const bytes = disk.find(at.file)!.read(at.offset, SECTOR_BYTES, true);
    if (bytes?.some((byte) => byte !== 0) === true) return at;
  }
}

/** Files that the log has let go of are of no interest to anybody. */
function isSegmentOf(wal: WalState, file: string): boolean {
  return sequenceOf(file) > 0 && wal.segments.some((segment) => segment.file === file);
}
