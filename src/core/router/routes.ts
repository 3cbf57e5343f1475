/**
 * Where a group's requests go: here, to another node, or nowhere yet.
 *
 * 1. A hint is as good as its term: an older term's never replaces a newer one's, and a newer term
 *    without a leader voids the old leader.
 * 2. Within one term there is one leader (election safety), so a hint changes within its term only
 *    between "nobody" and that leader.
 * 3. A node that has stepped down never routes to itself: a hint that says so would send each
 *    request round and round. `stepDown` voids it whatever its term, and late news of that term,
 *    from a peer that has not heard, does not bring it back.
 *
 * The table only remembers; Raft decides who leads, and the node tells it.
 */
import { assert } from '../../base/assert.ts';
import { type GroupId, NOBODY, type NodeId, type Term } from '../../base/units.ts';

export interface RouteTable {
  readonly self: NodeId;
  /** By group. */
  readonly leader: Uint16Array;
  readonly term: Float64Array;
  /** The last term in which this node gave up leading the group. */
  readonly surrendered: Float64Array;
  /** Advertised client addresses, `host:port`, for REDIRECT. */
  readonly addresses: Map<NodeId, string>;
}

export function newRouteTable(self: NodeId, groupCount: number): RouteTable {
  assert(self !== NOBODY, 'internal', 'a node has an id');
  return {
    self,
    leader: new Uint16Array(groupCount),
    term: new Float64Array(groupCount),
    surrendered: new Float64Array(groupCount),
    addresses: new Map(),
  };
}

/** What Raft says of a group; `leader` is NOBODY while the term has none that we know. */
export interface LeaderNews {
  readonly group: GroupId;
  readonly term: Term;
  readonly leader: NodeId;
}

/** Takes in news, unless it is older than what the table knows. */
export function learnLeader(table: RouteTable, news: LeaderNews): void {
  const { group, term, leader } = news;
  const known = table.leader[group]!;
  if (term < table.term[group]!) return;
  if (leader === table.self && term <= table.surrendered[group]!) return;
  if (term === table.term[group]! && known !== NOBODY) {
    const same = leader === known || leader === NOBODY;
    assert(same, 'election-safety', 'two leaders in one term');
    if (leader === NOBODY && known === table.self) stepDown(table, group);
    return;
  }
  table.term[group] = term;
  table.leader[group] = leader;
}

/** This node leads `group` no longer, be it in the same term (lost its quorum) or a later one. */
export function stepDown(table: RouteTable, group: GroupId): void {
  if (table.leader[group] !== table.self) return;
  table.leader[group] = NOBODY;
  table.surrendered[group] = table.term[group]!;
}

/** The node that leads `group` as far as is known: self, another, or NOBODY. */
export function leaderOf(table: RouteTable, group: GroupId): NodeId {
  return table.leader[group]! as NodeId;
}

/** Where a client is redirected to; null: the leader, or its address, is not known. */
export function redirectOf(table: RouteTable, group: GroupId): string | null {
  const leader = leaderOf(table, group);
  return leader === NOBODY ? null : (table.addresses.get(leader) ?? null);
}
