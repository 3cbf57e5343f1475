/**
 * A damaged log: asking peers for what is lost, or for leave to start over.
 *
 * The node takes part in nothing else meanwhile. The rules are the machine's (core/mending) and
 * the log's own (core/wal/repair.ts); docs/protocol/repair.md says why this is safe.
 */
import { type GroupId, type Millis, millis, type NodeId } from '../base/units.ts';
import { encodeLeave, encodeWant, type Leave, REPAIR_TYPE } from '../core/mending/codec.ts';
import { type MendingEvent, newMendingOut } from '../core/mending/state.ts';
import { mending } from '../core/mending/step.ts';
import { CHANNEL } from '../core/protocol/peer-frame.ts';
import type { WalDamage } from '../core/wal/state.ts';
import { wal } from '../core/wal/step.ts';
import { stepIdentity } from './identify.ts';
import { ANY_STORE } from './peers.ts';
import { stepWal } from './persist.ts';
import { advance, failNode, type NodeState } from './state.ts';
import { stoppingDeadline } from './stopping.ts';

const FRUITLESS_ROUNDS_MAX = 12;
const PATIENCE_MS = 60_000;

export function beginMending(node: NodeState, damage: WalDamage): void {
  const { id, ids, announceMs } = node.config;
  advance(node, 'damaged');
  node.mending = mending.init({
    peers: ids.filter((peer) => peer !== id).sort((left, right) => left - right),
    nonce: node.nonce,
    askMs: announceMs,
    fruitlessRoundsMax: FRUITLESS_ROUNDS_MAX,
    patienceMs: PATIENCE_MS,
    missing: damage.missing,
    isRepairable: damage.isRepairable,
  });
  supply(node, []);
}

/** Entries from a peer, or none where nothing is missing but the log must be written anew. */
export function supply(node: NodeState, entries: readonly Uint8Array[]): void {
  if (node.phase !== 'mending') return;
  stepWal(node, { kind: 'repair', entries });
  const missing = node.wal!.damage?.missing ?? [];
  stepMending(node, { kind: 'supplied', missing });
}

export function takeLeave(node: NodeState, group: GroupId, leave: Leave): void {
  if (node.phase === 'mending') stepMending(node, { kind: 'leave', group, ...leave });
}

function stepMending(node: NodeState, event: MendingEvent): void {
  const out = newMendingOut();
  mending.step(node.mending!, event, node.now, out);
  if (out.ask !== null) send(node, out.ask.peer, REPAIR_TYPE.WANT, encodeWant(out.ask.wanted));
  const plea = encodeLeave({ nonce: node.nonce, groupCount: 0 });
  for (const peer of out.plead) send(node, peer, REPAIR_TYPE.PLEA, plea);
  if (out.isExpendable) startOver(node);
  if (out.failed !== null) failNode(node, out.failed);
}

/** We know our peers' ids; their stores stand in the log that we cannot trust. */
function send(node: NodeState, to: NodeId, type: number, body: Uint8Array): void {
  const head = { channel: CHANNEL.REPAIR, type, group: 0 };
  node.peers!.send({ id: to, store: ANY_STORE }, head, [body]);
}

/** From the moment the new name is durable nothing of the old store is read again. */
function startOver(node: NodeState): void {
  const word = (): number => node.ports.entropy.word();
  node.known = null;
  stepIdentity(node, { kind: 'reformat', storeWords: [word(), word(), word(), word()] });
}

export function tickMending(node: NodeState): void {
  if (node.phase !== 'mending') return;
  if (node.now >= mending.deadline(node.mending!)) stepMending(node, { kind: 'tick' });
  if (node.phase === 'mending' && node.now >= wal.deadline(node.wal!)) {
    stepWal(node, { kind: 'tick' });
  }
}

export function mendingDeadline(node: NodeState): Millis {
  const machines = Math.min(mending.deadline(node.mending!), wal.deadline(node.wal!));
  return millis(Math.min(machines, stoppingDeadline(node)));
}
