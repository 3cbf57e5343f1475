/** Formation as a pure machine: who may write entry 1. See state.ts for the rule. */
import { unreachable } from '../../base/assert.ts';
import { type Millis, NEVER, type NodeId } from '../../base/units.ts';
import type { Core } from '../core.ts';
import type { Member } from '../types.ts';
import { checkFormation } from './check.ts';
import type {
  FormationConfig,
  FormationEvent,
  FormationOut,
  FormationState,
  Status,
} from './state.ts';

export const formation: Core<FormationConfig, FormationState, FormationEvent, FormationOut> = {
  init(config) {
    return {
      config,
      ids: [...config.ids].sort((left, right) => left - right),
      isEmpty: config.isEmpty,
      isSeeking: config.isEmpty,
      heard: new Map(),
      nextAnnounce: 0 as Millis,
    };
  },
  step,
  deadline: (state) => (isAnnouncing(state) ? state.nextAnnounce : NEVER),
  check: checkFormation,
};

const isAnnouncing = (state: FormationState): boolean => state.isEmpty || state.isSeeking;

function step(state: FormationState, event: FormationEvent, now: Millis, out: FormationOut): void {
  switch (event.kind) {
    case 'tick':
      if (isAnnouncing(state) && now >= state.nextAnnounce) announce(state, now, out);
      break;
    case 'status':
      receive(state, event, now, out);
      break;
    case 'filled':
      state.isEmpty = false;
      break;
    case 'seat':
      state.isSeeking = !event.isSeated;
      break;
    default:
      unreachable(event);
  }
}

function announce(state: FormationState, now: Millis, out: FormationOut): void {
  state.nextAnnounce = (now + state.config.announceMs) as Millis;
  for (const id of peerIds(state)) out.statuses.push({ to: id, status: ownStatus(state, id) });
  decide(state, now, out);
}

const peerIds = (state: FormationState): NodeId[] =>
  state.ids.filter((id) => id !== state.config.self.id);

function ownStatus(state: FormationState, to: NodeId): Status {
  const echo = state.heard.get(to)?.status.nonce ?? 0;
  const { isEmpty, isSeeking, ids } = state;
  return { nonce: state.config.nonce, echo, isEmpty, isSeeking, ids };
}

function receive(
  state: FormationState,
  { from, status }: { readonly from: Member; readonly status: Status },
  now: Millis,
  out: FormationOut,
): void {
  if (from.id === state.config.self.id) return;
  const isListed = state.ids.includes(from.id);
  if (isListed) state.heard.set(from.id, { member: from, status, at: now });
  if (status.isSeeking) out.seekers.push(from);
  // Who is empty and has not heard this life of ours yet asks for an answer by being so.
  const isAsking = status.isEmpty && status.echo !== state.config.nonce;
  if (isAsking || !state.isEmpty) reply(state, from.id, status, out);
  decide(state, now, out);
}

function reply(state: FormationState, to: NodeId, asked: Status, out: FormationOut): void {
  if (!asked.isEmpty) return;
  const status = { ...ownStatus(state, to), echo: asked.nonce };
  out.statuses.push({ to, status });
}

/** An answer older than this many announcements is asked for again before it counts. */
const FRESH_ANNOUNCEMENTS = 4;

function decide(state: FormationState, now: Millis, out: FormationOut): void {
  if (!state.isEmpty || state.ids[0] !== state.config.self.id) return;
  const members: Member[] = [];
  for (const id of state.ids) {
    if (id === state.config.self.id) {
      members.push(state.config.self);
      continue;
    }
    const heard = state.heard.get(id);
    if (heard === undefined || !agrees(state, heard.status)) return;
    if (now - heard.at > FRESH_ANNOUNCEMENTS * state.config.announceMs) return;
    members.push(heard.member);
  }
  out.form = members;
}

function agrees(state: FormationState, status: Status): boolean {
  const sameIds =
    status.ids.length === state.ids.length && status.ids.every((id, n) => id === state.ids[n]);
  return status.isEmpty && status.echo === state.config.nonce && sameIds;
}
