/**
 * Keys with a deadline, and settled ones: there is no door for them yet, so they are proposed at
 * whoever leads, as an operator's commands are, and nobody learns the answer.
 *
 * To the history each is a write of unknown outcome and a lapse of its deadline that may come at
 * any time: clients do not see log time. What the replicas make of it is judged by their chains.
 */
import { asciiBytes } from '../../src/base/text.ts';
import { encodeCommand } from '../../src/core/command.ts';
import { OPERATION } from '../../src/core/types.ts';
import type { StoreCall } from '../check/linearizable/store.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { Cluster } from './cluster.ts';
import type { History } from './history.ts';
import { recur } from './recur.ts';
import { newestLeader } from './seats.ts';

const EXPIRING_EVENT = eventKind('expiring');
const KEYS = 5;
/** Writes of unknown outcome are what makes a history hard to judge. */
const WRITES_MAX = 25;

export const expiringKey = (stream: Stream): string => `t${stream.below(KEYS)}`;

export class ExpiringKeys {
  readonly #cluster: Cluster;
  readonly #history: History;
  readonly #stream: Stream;
  #serial = 0;
  isOver = false;

  constructor(cluster: Cluster, history: History) {
    this.#cluster = cluster;
    this.#history = history;
    this.#stream = cluster.world.streams.stream('expiring');
  }

  /** Writes about every `meanMs`; never if that is 0. */
  start(meanMs: number): void {
    const { scheduler } = this.#cluster.world;
    recur({ scheduler, kind: EXPIRING_EVENT, stream: this.#stream, meanMs }, () => {
      if (this.isOver || this.#serial >= WRITES_MAX) return 'over';
      this.#write();
      return 'again';
    });
  }

  #write(): void {
    const stream = this.#stream;
    const key = asciiBytes(expiringKey(stream));
    const lifeMs = stream.pick([0, 1, 20, 100, 500, 3_000]);
    for (const { state } of this.#cluster.running()) {
      if (state.ring === null) continue;
      const group = state.ring.ownerOf(key, 0, key.length);
      const leader = newestLeader(this.#cluster, group)?.config.self.id;
      if (leader !== state.self?.id) continue;
      const deadline = state.wall + lifeMs;
      this.#note(String.fromCharCode(...key), deadline);
      const value = asciiBytes(`e.${this.#serial}`);
      const command = encodeCommand({ operation: OPERATION.PUT, key, value, deadline });
      this.#cluster.admin(leader!, { kind: 'propose', group, commands: [command] });
      return;
    }
  }

  #note(key: string, deadline: number): void {
    const value = `e.${++this.#serial}`;
    const put: StoreCall = { name: 'put', value, deadline, condition: 'none', returnOld: false };
    for (const call of [put, { name: 'lapse', deadline } as const]) {
      this.#history.lost(this.#history.call('expiring', key, call, 0));
    }
  }
}
