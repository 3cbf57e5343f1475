/**
 * liveness: who is told of a later term in an answer is in it when its turn ends (§3.3). Whoever goes
 * on in an older one keeps an office that somebody has left already, and shuts that one out for good:
 * elections that follow hide it.
 */
import { getU64 } from '../../../src/base/bytes.ts';
import {
  CHANNEL,
  newPeerFrameView,
  nextMessage,
  peerFrameCluster,
  peerFrameToStore,
  readPeerFrame,
} from '../../../src/core/protocol/peer-frame.ts';
import { MESSAGE_TYPE } from '../../../src/core/raft/codec.ts';
import { queueRoomBytes } from '../../../src/core/wal/state.ts';
import type { NodeState } from '../../../src/node/state.ts';
import { violate } from './violate.ts';

/** Answers are short; what is longer is not read. */
const FRAME_BYTES_MAX = 1024;
const ANSWERS: readonly number[] = [
  MESSAGE_TYPE['pre-vote-reply'],
  MESSAGE_TYPE['vote-reply'],
  MESSAGE_TYPE['append-reply'],
];

interface Told {
  readonly cluster: string;
  readonly store: string;
  readonly group: number;
  readonly term: number;
}

export class HeardCheck {
  readonly #view = newPeerFrameView();
  #told: Told[] = [];
  /** Before it serves a node hears nothing. */
  #wasServing = false;

  restarted(): void {
    this.#told = [];
    this.#wasServing = false;
  }

  heard(frame: Uint8Array): void {
    const view = this.#view;
    if (frame.length > FRAME_BYTES_MAX || readPeerFrame(view, frame) !== null) return;
    while (nextMessage(view)) {
      if (view.channel !== CHANNEL.RAFT || !ANSWERS.includes(view.type)) continue;
      this.#told.push({
        cluster: peerFrameCluster(view),
        store: peerFrameToStore(view),
        group: view.group,
        term: getU64(view.bytes, view.bodyAt),
      });
    }
  }

  afterTurn({ phase, self, cluster, groups, wal }: NodeState): void {
    const told = this.#told;
    this.#told = [];
    const hasListened = this.#wasServing && phase === 'serving';
    this.#wasServing = phase === 'serving';
    if (!hasListened || wal === null || queueRoomBytes(wal) <= wal.config.queueBytesMax / 2) return;
    for (const { cluster: toCluster, store, group, term } of told) {
      if (store !== self?.store || toCluster !== cluster) continue;
      const raft = groups.find(({ id }) => id === group)?.raft;
      if (raft === undefined || raft.currentTerm >= term) continue;
      const { id } = raft.config.self;
      violate('liveness', `node ${id} was told of term ${term}, and is in ${raft.currentTerm}`);
    }
  }
}
