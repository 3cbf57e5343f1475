/**
 * Crash points by name: moments of a node's work at which its power goes.
 *
 * 1. A point is looked for in what leaves the machines (an operation of the disk, a frame) or in
 *    the state after a turn. Production code does not know that it is watched.
 * 2. `before` means: nothing of it has happened. A disk that loses its power there keeps nothing of
 *    what is in flight, and a frame that the crash forestalls is never sent.
 * 3. `after` means: it has happened, and nobody was told.
 */
import type { NodeId } from '../../src/base/units.ts';
import type { DiskOperation } from '../../src/core/disk.ts';
import { isJoint } from '../../src/core/members.ts';
import {
  CHANNEL,
  newPeerFrameView,
  nextMessage,
  readPeerFrame,
} from '../../src/core/protocol/peer-frame.ts';
import { MESSAGE_TYPE } from '../../src/core/raft/codec.ts';
import { configurationIndex, currentConfiguration } from '../../src/core/raft/state.ts';
import type { Group } from '../../src/node/group.ts';
import type { DiskPhase } from '../world/disk.ts';
import type { Message, MessageFate } from '../world/net-peers.ts';
import type { Scene } from './scene.ts';

type RaftMessage = keyof typeof MESSAGE_TYPE;

export type CrashPoint =
  | {
      readonly kind: 'disk';
      readonly phase: DiskPhase;
      readonly isAt: (operation: DiskOperation) => boolean;
    }
  | {
      readonly kind: 'frame';
      /** `sent`: by the node; `delivered`: to it. */
      readonly fate: MessageFate;
      readonly type: RaftMessage;
    }
  | { readonly kind: 'turn'; readonly isAt: (now: Group, before: Seen) => boolean };

/** What a point of a turn compares with. */
interface Seen {
  readonly applied: number;
  readonly installed: number;
}

const isLogWrite = (operation: DiskOperation): boolean =>
  operation.kind === 'write' && operation.file.endsWith('.segment');

const isSnapshotWrite = (operation: DiskOperation): boolean =>
  operation.kind === 'write' && operation.file.endsWith('.tmp');

const isSnapshotNamed = (operation: DiskOperation): boolean =>
  operation.kind === 'rename' && operation.target.endsWith('.snapshot');

/** A segment of the log that is dead gets another name, or goes. */
const isSegmentGone = (operation: DiskOperation): boolean =>
  (operation.kind === 'rename' && operation.source.endsWith('.segment')) ||
  (operation.kind === 'remove' && operation.file.endsWith('.segment'));

const isReconfiguring = ({ raft, store }: Group): boolean =>
  isJoint(currentConfiguration(raft)) && configurationIndex(raft) > store.appliedIndex;

export const CRASH_POINTS = {
  'before the log is saved': { kind: 'disk', phase: 'submitted', isAt: isLogWrite },
  'after the log is saved': { kind: 'disk', phase: 'completed', isAt: isLogWrite },
  'before a leader sends': { kind: 'frame', fate: 'sent', type: 'append' },
  'before a follower sends': { kind: 'frame', fate: 'sent', type: 'append-reply' },
  'before a snapshot is applied': { kind: 'turn', isAt: ({ installing }) => installing !== null },
  'after a snapshot is applied': {
    kind: 'turn',
    isAt: ({ installedIndex }, { installed }) => installedIndex > installed,
  },
  'before a snapshot is saved': { kind: 'disk', phase: 'submitted', isAt: isSnapshotWrite },
  'after a snapshot is saved': { kind: 'disk', phase: 'completed', isAt: isSnapshotNamed },
  'after the log is released': { kind: 'disk', phase: 'completed', isAt: isSegmentGone },
  'before the state changes': { kind: 'frame', fate: 'delivered', type: 'append-reply' },
  'after the state has changed': {
    kind: 'turn',
    isAt: ({ store }, { applied }) => store.appliedIndex > applied,
  },
  'before a configuration is applied': { kind: 'turn', isAt: isReconfiguring },
} as const satisfies Record<string, CrashPoint>;

export type CrashPointName = keyof typeof CRASH_POINTS;

/** A point that waits for its moment on one node; the power goes there once. */
export class ArmedPoint {
  readonly #scene: Scene;
  readonly #id: NodeId;
  hasStruck = false;

  constructor(scene: Scene, id: number, name: CrashPointName) {
    this.#scene = scene;
    this.#id = id as NodeId;
    const point: CrashPoint = CRASH_POINTS[name];
    if (point.kind === 'disk') this.#watchDisk(point.phase, point.isAt);
    else if (point.kind === 'frame') this.#watchFrames(point.fate, point.type);
    else this.#watchTurns(point.isAt);
  }

  #strike(): void {
    if (this.hasStruck) return;
    this.hasStruck = true;
    this.#scene.stop(this.#id);
  }

  #watchDisk(phase: DiskPhase, isAt: (operation: DiskOperation) => boolean): void {
    const disk = this.#scene.cluster.world.disk(this.#id);
    // What was in flight reached the disk in full, or not at all.
    disk.options.knobs.inFlightKeptPermille = 0;
    disk.onOperation = (now, operation) => {
      if (now !== phase || !isAt(operation)) return;
      disk.onOperation = null;
      this.#strike();
    };
  }

  #watchFrames(fate: MessageFate, type: RaftMessage): void {
    const { peers } = this.#scene.cluster.world.net;
    const { observe } = peers;
    peers.observe = (now, message) => {
      observe?.(now, message);
      if (now !== fate || this.hasStruck) return;
      const end = fate === 'sent' ? message.source : message.target;
      if (end !== this.#id || !holds(message, type)) return;
      peers.observe = observe;
      // Cut off, the frame does not leave. Whoever starts the node again heals the network.
      if (fate === 'sent') peers.cut(message.source, message.target);
      this.#strike();
    };
  }

  #watchTurns(isAt: (now: Group, before: Seen) => boolean): void {
    const process = this.#scene.cluster.world.process(this.#id);
    const { afterTurn } = process;
    let before: Seen = { applied: Number.POSITIVE_INFINITY, installed: Number.POSITIVE_INFINITY };
    process.afterTurn = () => {
      afterTurn?.();
      const group = this.#scene.cluster.node(this.#id)?.state.groups[0];
      if (group === undefined) return;
      if (isAt(group, before)) {
        process.afterTurn = afterTurn;
        this.#strike();
      }
      before = { applied: group.store.appliedIndex, installed: group.installedIndex };
    };
  }
}

function holds({ channel, bytes }: Message, type: RaftMessage): boolean {
  if (channel !== 'frame') return false;
  const view = newPeerFrameView();
  if (readPeerFrame(view, bytes) !== null) return false;
  while (nextMessage(view)) {
    if (view.channel === CHANNEL.RAFT && view.type === MESSAGE_TYPE[type]) return true;
  }
  return false;
}
