/**
 * Mending as a pure machine (docs/protocol/repair.md).
 *
 * 1. Entries are asked of one peer at a time, in turn: whoever holds the same header holds the same
 *    entry, leader or not.
 * 2. Leave to start over is asked for when something is lost that no header names, or when entries
 *    do not come: they may be compacted everywhere, or may never have been committed.
 * 3. The store is expendable when every group's leader said so lately. Less is not enough: each
 *    speaks for its own group only, and the store is given up with all of them.
 * 4. What does not help within its patience fails the node: it names the code and the way out.
 */
import { unreachable } from '../../base/assert.ts';
import { failure } from '../../base/errors.ts';
import type { GroupId, Millis } from '../../base/units.ts';
import { NEVER } from '../../base/units.ts';
import type { Core } from '../core.ts';
import { checkMending } from './check.ts';
import { WANTED_MAX } from './codec.ts';
import type { MendingConfig, MendingEvent, MendingOut, MendingState } from './state.ts';

/** Leave older than this many rounds is asked for again before it counts. */
const FRESH_ROUNDS = 8;

export const mending: Core<MendingConfig, MendingState, MendingEvent, MendingOut> = {
  init(config) {
    return {
      config,
      missing: config.missing,
      askAt: 0 as Millis,
      rounds: 0,
      fruitlessRounds: 0,
      leaves: new Map(),
      groupCount: 0,
      giveUpAt: NEVER,
      isOver: false,
    };
  },
  step,
  deadline: (state) => (isResting(state) ? NEVER : state.askAt),
  check: checkMending,
};

/** Nothing is to be asked: the log is being written anew, or all is decided. */
function isResting({ config, missing, isOver }: MendingState): boolean {
  return isOver || (config.isRepairable && missing.length === 0);
}

function step(state: MendingState, event: MendingEvent, now: Millis, out: MendingOut): void {
  if (state.isOver) return;
  switch (event.kind) {
    case 'tick':
      if (!isResting(state) && now >= state.askAt) ask(state, now, out);
      break;
    case 'supplied':
      supplied(state, event.missing, now);
      break;
    case 'leave':
      if (event.nonce === state.config.nonce) takeLeave(state, event, now, out);
      break;
    default:
      unreachable(event);
  }
}

function ask(state: MendingState, now: Millis, out: MendingOut): void {
  const { peers, askMs, patienceMs, isRepairable } = state.config;
  if (state.giveUpAt === NEVER) state.giveUpAt = (now + patienceMs) as Millis;
  if (peers.length === 0 || now >= state.giveUpAt) {
    giveUp(state, out);
    return;
  }
  state.askAt = (now + askMs) as Millis;
  const peer = peers[state.rounds % peers.length]!;
  state.rounds++;
  state.fruitlessRounds++;
  if (isRepairable) out.ask = { peer, wanted: state.missing.slice(0, WANTED_MAX) };
  if (isPleading(state)) out.plead = peers;
}

const isPleading = ({ config, fruitlessRounds }: MendingState): boolean =>
  !config.isRepairable || fruitlessRounds > config.fruitlessRoundsMax;

function supplied(state: MendingState, missing: MendingState['missing'], now: Millis): void {
  if (missing.length >= state.missing.length) return;
  state.missing = missing;
  state.fruitlessRounds = 0;
  state.askAt = now;
  state.giveUpAt = (now + state.config.patienceMs) as Millis;
}

function takeLeave(
  state: MendingState,
  { group, groupCount }: { readonly group: GroupId; readonly groupCount: number },
  now: Millis,
  out: MendingOut,
): void {
  if (isResting(state) || !isPleading(state)) return;
  state.leaves.set(group, now);
  state.groupCount = Math.max(state.groupCount, groupCount);
  for (let id = 0; id < state.groupCount; id++) {
    const at = state.leaves.get(id as GroupId);
    if (at === undefined || now - at > FRESH_ROUNDS * state.config.askMs) return;
  }
  state.isOver = true;
  out.isExpendable = true;
}

function giveUp(state: MendingState, out: MendingOut): void {
  const { config, missing } = state;
  state.isOver = true;
  const lost = config.isRepairable ? `${missing.length} entries` : 'more than can be named';
  const why = config.peers.length === 0 ? 'there is no peer' : 'no peer could supply or replace it';
  const remedy = 'empty the directory only if the other nodes serve: they replace this store';
  out.failed = failure('WAL_DAMAGED', `lost: ${lost}; ${why}; ${remedy}`);
}
