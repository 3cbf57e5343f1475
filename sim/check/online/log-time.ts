/**
 * state-machine-safety: no single clock decides what time it is in the log.
 *
 * A stamp is a median of the voters' clocks, so at least two of them have shown it, unless there is but
 * one. Whatever a clock has once shown may still be believed, for its node may be silent: each
 * counts with the most that it ever was ahead of the world's time.
 */
import type { NodeId } from '../../../src/base/units.ts';
import { previousStamp } from '../../../src/core/raft/time.ts';
import type { Configuration } from '../../../src/core/types.ts';
import type { NodeState } from '../../../src/node/state.ts';
import { violate } from './violate.ts';

const isOfOne = ({ voters, outgoing }: Configuration): boolean =>
  new Set([...voters, ...outgoing].map(({ id }) => id)).size === 1;

/** Clocks are read on the way of messages, and drift. */
const SLACK_MS = 2_000;

export class LogTimeCheck {
  readonly #aheadMs = new Map<NodeId, number>();
  /** By group: the newest stamp that was found good. */
  readonly #stamps = new Map<number, number>();

  /** What the wall clock of `node` shows, beside the world's. */
  shown(node: NodeId, wallMs: number, worldMs: number): void {
    const aheadMs = wallMs - worldMs;
    if (aheadMs > (this.#aheadMs.get(node) ?? Number.NEGATIVE_INFINITY)) {
      this.#aheadMs.set(node, aheadMs);
    }
  }

  afterTurn({ groups, config }: NodeState, worldMs: number): void {
    for (const { id, raft } of groups) {
      if (raft.leading === null) continue;
      const stamp = previousStamp(raft);
      if (stamp <= (this.#stamps.get(id) ?? 0)) continue;
      this.#stamps.set(id, stamp);
      const aheadMs = stamp - worldMs;
      const isSole = raft.configurations.some(({ configuration }) => isOfOne(configuration));
      if (isSole || aheadMs <= this.#secondMs() + SLACK_MS) continue;
      const clocks = [...this.#aheadMs.values()].sort((left, right) => left - right);
      violate(
        'state-machine-safety',
        `node ${config.id} stamps ${aheadMs} ms ahead, where clocks were ${clocks.join(', ')} ahead`,
      );
    }
  }

  /** That of the second clock from above. */
  #secondMs(): number {
    let first = Number.NEGATIVE_INFINITY;
    let second = Number.NEGATIVE_INFINITY;
    for (const aheadMs of this.#aheadMs.values()) {
      if (aheadMs > first) {
        second = first;
        first = aheadMs;
      } else if (aheadMs > second) second = aheadMs;
    }
    return second;
  }
}
