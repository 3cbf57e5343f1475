/**
 * The proof that a core cannot go on, however long one waits: something that it needs is with those
 * who are lost for good. There is no other excuse, and a core for which there is no proof must serve.
 *
 * 1. Only what runs, and is past reading its disk, may be excused: a node that does not get that
 *    far has no reason to be where it is.
 * 2. formation: until every member of entry 1 has been seen to hold it nothing is accepted
 *    (docs/architecture.md, "Identity"), and one of them is outside.
 * 3. quorum: in a group no member of the core can be elected, if all of the core vote as the thesis
 *    says (§3.6.1, §4.3): each of them by the configuration of its own log, joint ones by both
 *    halves, lost stores not counted. Where somebody could be, it is the cluster's duty to.
 * 4. state: the only one that could be elected has lost its state, which a leader would have to give.
 * 5. damage: a member of the core asks for entries that nobody in it holds, and its group cannot
 *    elect anybody to give it leave to start over.
 */
import type { NodeId } from '../../src/base/units.ts';
import { includesMember } from '../../src/core/members.ts';
import { isFormed } from '../../src/core/raft/configurations.ts';
import { lastIndex, lastTerm } from '../../src/core/raft/log.ts';
import { currentConfiguration, type RaftState } from '../../src/core/raft/state.ts';
import type { Member, MissingEntry } from '../../src/core/types.ts';
import { heldEntry } from '../../src/core/wal/repair.ts';
import type { NodeState } from '../../src/node/state.ts';
import { isQuorum } from '../check/online/quorum.ts';
import type { Cluster } from './cluster.ts';

export interface Stall {
  readonly reason: 'formation' | 'quorum' | 'state' | 'damage';
  readonly detail: string;
}

/** Null: the core has to go on. */
export function whyStalled(cluster: Cluster, core: readonly NodeId[]): Stall | null {
  const states = core.flatMap((id) => cluster.node(id)?.state ?? []);
  const serving = states.filter(({ phase }) => phase === 'serving');
  const mending = states.filter(({ phase }) => phase === 'mending');
  if (serving.length + mending.length < core.length) return null;
  let stall: Stall | null = null;
  for (let group = 0; group < cluster.config.node.settings.groupCount; group++) {
    stall ??= stallOf(cluster, core, group, serving);
  }
  if (mending.length === 0 || stall === null || stall.reason === 'formation') return stall;
  if (!mending.every((state) => isHelpless(state, serving))) return null;
  return { reason: 'damage', detail: `node ${idsOf(mending)} lacks what is lost; ${stall.detail}` };
}

function stallOf(
  cluster: Cluster,
  core: readonly NodeId[],
  group: number,
  serving: readonly NodeState[],
): Stall | null {
  const rafts = serving.flatMap(({ groups }) => groups.find(({ id }) => id === group)?.raft ?? []);
  if (!rafts.some(isFormed)) return formationStall(cluster, core, group, rafts);
  const eligible = rafts.filter(isNamed);
  const winner = eligible.find((raft) => canWin(raft, rafts));
  if (winner !== undefined && !winner.isQuarantined) return null;
  const able = eligible.some((raft) => !raft.isQuarantined && canWin(raft, rafts));
  if (able) return null;
  const logs = eligible.map(told).join('; ');
  const reason = winner === undefined ? 'quorum' : 'state';
  return { reason, detail: `group ${group}: nobody in ${core.join(' ')} can be elected: ${logs}` };
}

function formationStall(
  { stores, config }: Cluster,
  core: readonly NodeId[],
  group: number,
  rafts: readonly RaftState[],
): Stall | null {
  const founders = rafts.flatMap((raft) => currentConfiguration(raft).voters);
  const isThere = ({ id, store }: Member): boolean => core.includes(id) && stores.get(id) === store;
  const lost = founders.find((member) => !isThere(member));
  // Nobody in the core has heard of a cluster: it takes all of them to form one.
  const isNobodyLost = founders.length > 0 ? lost === undefined : core.length === config.nodes;
  if (isNobodyLost) return null;
  const who = lost === undefined ? 'some' : `node ${lost.id}`;
  return { reason: 'formation', detail: `group ${group} is not formed, and ${who} is lost` };
}

/** Whether any configuration that it knows of gives it a vote: more than Raft lets campaign. */
const isNamed = ({ configurations, config }: RaftState): boolean =>
  configurations.some(({ configuration: { voters, outgoing } }) =>
    includesMember([...voters, ...outgoing], config.self),
  );

/** Whether a quorum of its own configuration has no better log than it has. */
function canWin(candidate: RaftState, rafts: readonly RaftState[]): boolean {
  return isQuorum(currentConfiguration(candidate), ({ id, store }) => {
    const voter = rafts.find(({ config: { self } }) => self.id === id && self.store === store);
    return voter !== undefined && !isBetter(voter, candidate);
  });
}

/** §3.6.1: whose log is more up to date. */
export function isBetter(left: RaftState, right: RaftState): boolean {
  const [ours, theirs] = [lastTerm(left.log), lastTerm(right.log)];
  return ours === theirs ? lastIndex(left.log) > lastIndex(right.log) : ours > theirs;
}

/** Nobody in the core can give all that is missing. */
function isHelpless({ mending }: NodeState, serving: readonly NodeState[]): boolean {
  if (mending === null || !mending.config.isRepairable) return true;
  const isHeld = (missing: MissingEntry): boolean =>
    serving.some(({ wal }) => wal !== null && heldEntry(wal, missing) !== null);
  return !mending.missing.every(isHeld);
}

function told(raft: RaftState): string {
  const { voters, outgoing } = currentConfiguration(raft);
  const halves = [voters, ...(outgoing.length === 0 ? [] : [outgoing])].map((half) =>
    half.map(({ id, store }) => `${id}/${store.slice(0, 4)}`).join(' '),
  );
  const end = `${lastIndex(raft.log)} of term ${lastTerm(raft.log)}`;
  const { id, store } = raft.config.self;
  return `${id}/${store.slice(0, 4)} at ${end} needs of ${halves.join(' and of ')}`;
}

const idsOf = (states: readonly NodeState[]): string =>
  states.map(({ config }) => config.id).join(' ');
