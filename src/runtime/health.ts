/**
 * How a node is doing, read off its state: for /readyz, /health, and the log.
 *
 * Ready is progress, not presence: the node serves, knows a leader that is heard from, and its store
 * keeps up with what is committed. Everything is computed when it is asked for.
 */
import type { ErrorCode } from '../base/errors.ts';
import { NOBODY, type NodeId } from '../base/units.ts';
import { isFormed } from '../core/raft/configurations.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import type { Member } from '../core/types.ts';
import type { Group } from '../node/group.ts';
import type { NodeState } from '../node/state.ts';
import type { HelperStatus } from './supervisor.ts';

/** Committed entries that a ready store may still have to apply. */
const APPLY_LAG_MAX = 10_000;
/** What a node without a seat said so many announcements ago says nothing about now. */
const STALE_ANNOUNCEMENTS = 10;
/** Without a word from the leader, or from a quorum, for so many election timeouts: not ready. */
const QUIET_TIMEOUTS_MAX = 4;

export const CLOCK_SKEWED =
  "CLOCK_SKEW: this node's clock is far from the median of the voters' clocks; it does not campaign";

export interface Check {
  readonly name: string;
  readonly isGood: boolean;
  readonly detail: string;
}

/** What the node's outer side knows and the node does not. */
export interface Surroundings {
  /** By `performance.now()`, as the node's own clock. */
  readonly now: number;
  readonly lastSyncedAt: number | null;
  readonly lastAppliedAt: number | null;
  readonly linksDown: readonly NodeId[];
  readonly helpers: readonly HelperStatus[];
}

export function checksOf(node: NodeState, around: Surroundings): Check[] {
  return [
    serving(node),
    leader(node, around),
    formed(node),
    quorum(node, around.now),
    applied(node, around),
    stateCheck(node),
    synced(around),
    peers(around),
    helpers(around),
    clock(node),
    cluster(node),
  ];
}

export const isReady = (checks: readonly Check[]): boolean => checks.every(({ isGood }) => isGood);

function serving(node: NodeState): Check {
  const { phase, failure } = node;
  const isStopping = node.stopping !== null;
  const isGood = phase === 'serving' && !isStopping;
  const detail =
    failure === null ? (isStopping ? 'stopping' : phaseText(node)) : failureText(failure);
  return { name: 'serving', isGood, detail };
}

function phaseText({ phase, mending }: NodeState): string {
  if (mending === null) return phase;
  const { missing, config } = mending;
  const lost = config.isRepairable ? `${missing.length} entries` : 'more than can be named';
  return `mending: WAL_DAMAGED: lost ${lost}; the peers are asked`;
}

const failureText = ({ code, detail }: { code: ErrorCode; detail: string }): string =>
  `${code}: ${detail}`;

function leader(node: NodeState, { linksDown }: Surroundings): Check {
  const name = 'leader';
  const leaders = node.groups.map(({ raft }) => raft.leader);
  if (leaders.length === 0 || leaders.includes(NOBODY)) {
    return { name, isGood: false, detail: explainNoLeader(node, linksDown) };
  }
  return { name, isGood: true, detail: leaders.map((id) => `node ${id}`).join(', ') };
}

/** Commands are taken once every founder holds entry 1; until then the cluster is only a plan. */
function formed(node: NodeState): Check {
  const isGood = node.groups.length > 0 && node.groups.every(({ raft }) => isFormed(raft));
  const detail = isGood
    ? 'every founder holds the first entry'
    : 'STORES_MISSING: not every founder does yet';
  return { name: 'formed', isGood, detail };
}

/** Why there is no leader, as far as this node can tell, with the code's own word first. */
export function explainNoLeader(node: NodeState, linksDown: readonly NodeId[]): string {
  const { formation, config } = node;
  if (node.phase !== 'serving' || formation === null) return `UNAVAILABLE: ${node.phase}`;
  if (node.cluster !== null) return explainElection(node, linksDown);
  const heard = [...formation.heard.values()];
  const full = heard.filter(({ status }) => !status.isEmpty);
  if (full.length > 0) {
    const holders = listOf(full.map(({ member }) => member.id));
    return (
      `FORMATION_REFUSED: not empty: ${holders}. This node is empty: it forms no cluster and ` +
      'waits until a leader, elected by a quorum of the stores with the data, takes it in'
    );
  }
  const unheard = config.ids.filter((id) => id !== config.id && !formation.heard.has(id));
  if (unheard.length > 0) return `FORMATION_INCOMPLETE: no answer from ${listOf(unheard)}`;
  const differing = heard.filter(({ status }) => status.ids.join() !== formation.ids.join());
  if (differing.length > 0) {
    return `FORMATION_LISTS_DIFFER: another list has ${listOf(differing.map(({ member }) => member.id))}`;
  }
  return 'FORMATION_INCOMPLETE: all have answered; the lowest id forms the cluster';
}

/** Enough voters may be there, or stores that only they can replace are gone. */
function explainElection(node: NodeState, linksDown: readonly NodeId[]): string {
  const group = node.groups.find(({ raft }) => raft.leader === NOBODY);
  if (group === undefined) return 'NO_LEADER: waiting for a leader that knows this store';
  const { voters } = currentConfiguration(group.raft);
  const missing: string[] = [];
  for (const voter of voters) {
    const why = explainAbsence(node, voter, linksDown);
    if (why !== null) missing.push(`store ${voter.store} of node ${voter.id} (${why})`);
  }
  const quorum = Math.floor(voters.length / 2) + 1;
  const wanted = quorum - (voters.length - missing.length);
  if (wanted <= 0) {
    const without = missing.length === 0 ? '' : `; missing: ${missing.join(', ')}`;
    return `NO_LEADER: an election is under way${without}`;
  }
  return (
    `QUORUM_LOST: missing: ${missing.join(', ')}. ` +
    `Starting ${wanted === 1 ? 'one' : wanted} of these on the directory it had heals it; ` +
    'no tool can make up what only they hold'
  );
}

/** Null: as far as we know the store is there. */
function explainAbsence(
  { formation, config, self, now }: NodeState,
  { id, store }: Member,
  linksDown: readonly NodeId[],
): string | null {
  if (id === config.id) return store === self?.store ? null : 'this node has another store';
  if (linksDown.includes(id)) return 'not connected';
  const heard = formation?.heard.get(id);
  if (heard === undefined || heard.member.store === store) return null;
  // Whoever has a seat does not announce itself: an old word may be of a store that has gone again.
  if (now - heard.at > STALE_ANNOUNCEMENTS * config.announceMs) return null;
  return heard.status.isEmpty ? 'the node is there with an empty one' : 'the node has another one';
}

const listOf = (ids: readonly NodeId[]): string =>
  `node ${[...ids].sort((left, right) => left - right).join(', node ')}`;

function quorum(node: NodeState, now: number): Check {
  const name = 'quorum';
  const boundMs = QUIET_TIMEOUTS_MAX * node.config.electionTimeoutMs;
  let oldest = 0;
  for (const group of node.groups) oldest = Math.max(oldest, quietMs(group, now));
  if (node.groups.length === 0) return { name, isGood: false, detail: 'no group yet' };
  const detail = Number.isFinite(oldest) ? `heard ${Math.floor(oldest)} ms ago` : 'never heard';
  return { name, isGood: oldest <= boundMs, detail };
}

/** For how long a leader has not heard from a quorum, or a follower not from its leader. */
function quietMs({ raft }: Group, now: number): number {
  if (raft.leader === NOBODY) return Number.POSITIVE_INFINITY;
  const { leading } = raft;
  if (leading === null) return Math.max(0, now - raft.lastLeaderContact);
  const { voters } = currentConfiguration(raft);
  const contacts = voters.map(({ id, store }) => {
    if (id === raft.config.self.id) return now;
    const known = leading.progress.find(({ member }) => member.id === id && member.store === store);
    return known?.lastContact ?? 0;
  });
  contacts.sort((left, right) => right - left);
  return Math.max(0, now - (contacts[Math.floor(voters.length / 2)] ?? now));
}

function applied(node: NodeState, { now, lastAppliedAt }: Surroundings): Check {
  let lag = 0;
  for (const { raft } of node.groups) lag = Math.max(lag, raft.commitIndex - raft.appliedIndex);
  const last =
    lastAppliedAt === null ? 'nothing yet' : `last ${Math.floor(now - lastAppliedAt)} ms ago`;
  return { name: 'apply', isGood: lag <= APPLY_LAG_MAX, detail: `${lag} entries behind, ${last}` };
}

/** A group whose state is lost or wrong is served by others until a leader's snapshot came. */
export function stateCheck(node: NodeState): Check {
  const faults = node.groups.flatMap(({ id, rebuild, hashes }) => {
    if (rebuild !== null) return [`${rebuild.code}: group ${id}: ${rebuild.detail}`];
    if (hashes.tiedIndex === 0) return [];
    return [`STATE_DIVERGED: group ${id}: no majority at index ${hashes.tiedIndex}`];
  });
  const detail = faults.length === 0 ? 'sound' : faults.join('; ');
  return { name: 'state', isGood: faults.length === 0, detail };
}

/** Told, not judged: a silent log has nothing to sync, and a failed sync stops the node. */
function synced({ now, lastSyncedAt }: Surroundings): Check {
  const detail =
    lastSyncedAt === null
      ? 'nothing synced yet'
      : `synced ${Math.floor(now - lastSyncedAt)} ms ago`;
  return { name: 'fsync', isGood: true, detail };
}

/** Told, not judged: a node with a wrong clock serves, but does not campaign. */
function clock(node: NodeState): Check {
  const isSkewed = node.groups.some(({ raft }) => raft.isClockSkewed);
  const detail = isSkewed ? CLOCK_SKEWED : "near the voters' median";
  return { name: 'clock', isGood: true, detail };
}

/** What a node says that hears peers of another cluster; null: none. */
export function foreignText(node: NodeState): string | null {
  if (node.foreign.size === 0) return null;
  const ids = [...node.foreign.keys()].sort((left, right) => left - right);
  const clusters = [...new Set(node.foreign.values())].sort();
  return (
    `WRONG_CLUSTER: this store belongs to cluster ${node.cluster}, but ${listOf(ids)} to ` +
    `${clusters.join(', ')}; one of them was started on another cluster's directory or address`
  );
}

/** Told, not judged: it may be the other one that is in the wrong place. */
function cluster(node: NodeState): Check {
  return {
    name: 'cluster',
    isGood: true,
    detail: foreignText(node) ?? 'no peer of another cluster',
  };
}

/** Told, not judged: a quorum may do without some. */
function peers({ linksDown }: Surroundings): Check {
  const detail = linksDown.length === 0 ? 'all connected' : `not connected: ${listOf(linksDown)}`;
  return { name: 'peers', isGood: true, detail };
}

/** A node that nobody can reach is not ready; one without gossip, or without this page, is. */
function helpers({ helpers: all }: Surroundings): Check {
  const out = all.filter(({ state }) => state !== 'running');
  const words = out.map(({ name, state, lastFailure }) =>
    lastFailure === null ? `${name} is ${state}` : `${name} is ${state}: ${lastFailure}`,
  );
  const detail = words.length === 0 ? 'all work' : words.join('; ');
  return { name: 'helpers', isGood: !out.some(({ isVital }) => isVital), detail };
}
