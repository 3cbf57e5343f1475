/**
 * The nouns of SWIM (Das, Gupta, Motivala: "SWIM: Scalable Weakly-consistent Infection-style
 * Process Group Membership Protocol", 2002), and a machine's first state.
 *
 * 1. What is known of a member is a record {id, state, incarnation, address}. Only the member
 *    itself raises its incarnation; everybody else repeats what they heard.
 * 2. Members other than ourselves stand in `members`; our own record is `incarnation`, `left` and
 *    the configured address, and no message ever writes it directly (rumour.ts refutes instead).
 * 3. All times are whole milliseconds on the driver's monotonic clock. Nothing but a tick spends
 *    time: a datagram never lets a timer expire.
 *
 * SWIM is for health and discovery. No decision of Raft may hang on what stands here.
 */
import { assert } from '../../base/assert.ts';
import { newPrng, nextWord, type Prng, shuffle } from '../../base/prng.ts';
import type { ClusterId, NodeId } from '../../base/units.ts';

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** What travels: a claim about one member. */
export interface Update {
  readonly id: NodeId;
  readonly state: MemberState;
  readonly incarnation: number;
  /** host:gossip-port, printable ASCII. */
  readonly address: string;
}

/** What we hold about a member other than ourselves. */
export interface Member {
  readonly id: NodeId;
  address: string;
  state: MemberState;
  /** 0: known only from a list of addresses, never heard of through gossip. */
  incarnation: number;
  /** When `state` was entered. */
  sinceMs: number;
  /** The period by whose end a live member must have been probed again (check.ts). */
  probeByPeriod: number;
}

/** Armed by an accusation; acts only if the accusation still stands when it runs out. */
export interface Suspicion {
  readonly incarnation: number;
  deadlineMs: number;
}

/** The one probe of the running period. */
export interface Probe {
  readonly target: NodeId;
  readonly sequence: number;
  /** The incarnation that an accusation will name: what was held when the ping left. */
  readonly incarnation: number;
  /** When helpers are asked; null once they have been. */
  helpersAtMs: number | null;
}

/** A ping that we sent for somebody else. */
export interface Relay {
  readonly subject: NodeId;
  readonly requester: NodeId;
  readonly requesterAddress: string;
  readonly requesterSequence: number;
  readonly bornPeriod: number;
}

/** News about `id` still to be passed on. The record itself is read when the datagram is built. */
export interface News {
  readonly id: NodeId;
  /** Larger is fresher. */
  readonly order: number;
  transmissions: number;
}

export interface Peer {
  readonly id: NodeId;
  readonly address: string;
}

export interface SwimConfig {
  readonly id: NodeId;
  readonly address: string;
  readonly clusterId: ClusterId;
  /** Whom to ask first, and again whenever they are not in the table. May name ourselves. */
  readonly peers: readonly Peer[];
  readonly seed: readonly number[];
  readonly probePeriodMs: number;
  /** How long a direct ping has before helpers are asked. */
  readonly probeTimeoutMs: number;
  /** How many helpers: the paper's k. */
  readonly helpersMax: number;
  readonly suspicionMultiplier: number;
  readonly gossipMultiplier: number;
  /** A full exchange with a random live member, once in so many periods. */
  readonly syncEveryPeriods: number;
  /** A full exchange tried with a random unreachable one, once in so many periods. */
  readonly reachEveryPeriods: number;
  /** How long a dead member's id stays bound to its address. */
  readonly reclaimAfterMs: number;
  /** How long the record of a dead or left member is kept as a tombstone. */
  readonly forgetAfterMs: number;
  /** Bound of `members`, of the news, and of the address book. */
  readonly membersMax: number;
  readonly datagramBytesMax: number;
}

/** What a node uses unless it is told otherwise. */
export const SWIM_DEFAULTS = {
  probePeriodMs: 1000,
  probeTimeoutMs: 300,
  helpersMax: 3,
  suspicionMultiplier: 4,
  gossipMultiplier: 4,
  syncEveryPeriods: 30,
  reachEveryPeriods: 5,
  reclaimAfterMs: 30_000,
  forgetAfterMs: 24 * 3600 * 1000,
  membersMax: 512,
  datagramBytesMax: 1400,
} as const;

/** A member's first incarnation. Below it is 0, which any word of the member itself outranks. */
export const FIRST_INCARNATION = 1;
export const RELAYS_MAX = 64;

export interface SwimCounters {
  malformed: number;
  foreignCluster: number;
  misaddressed: number;
  addressConflicts: number;
  tableFull: number;
  relaysFull: number;
  refutations: number;
  failedProbes: number;
  sendFailures: number;
}

export interface SwimState {
  readonly config: SwimConfig;
  readonly prng: Prng;
  /** The clock of the last tick; null before the first one. */
  tickedAtMs: number | null;
  period: number;
  periodEndsAtMs: number;
  incarnation: number;
  left: boolean;
  /** Periods for which a member that left still spreads the word. */
  farewellsLeft: number;
  /** Whether anybody's table has been seen since the last join. */
  joined: boolean;
  readonly members: Map<NodeId, Member>;
  /** The address book: asked while they are not in the table, or dead. */
  readonly peers: Map<NodeId, string>;
  /** The round: every live member once, in random order; `cursor` is the next. */
  readonly round: NodeId[];
  cursor: number;
  sequence: number;
  probe: Probe | null;
  readonly relays: Map<number, Relay>;
  readonly suspicions: Map<NodeId, Suspicion>;
  readonly news: Map<NodeId, News>;
  newsOrder: number;
  readonly counters: SwimCounters;
}

export type SwimEvent =
  | { readonly kind: 'tick' }
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array }
  /** The local network refused to send to `peer`. */
  | { readonly kind: 'send-failed'; readonly peer: NodeId }
  /** Say good-bye; the machine then wants no more ticks once it has said so. */
  | { readonly kind: 'leave' }
  /** More addresses to ask. Brings a member that left back. */
  | { readonly kind: 'join'; readonly peers: readonly Peer[] };

export interface Datagram {
  readonly target: NodeId;
  readonly address: string;
  readonly bytes: Uint8Array;
}

/** What happened to a record; our own included. `forgotten`: its tombstone expired. */
export interface Change {
  readonly id: NodeId;
  readonly state: MemberState | 'forgotten';
  readonly incarnation: number;
  readonly address: string;
}

export interface SwimOut {
  readonly datagrams: Datagram[];
  readonly changes: Change[];
}

export const newSwimOut = (): SwimOut => ({ datagrams: [], changes: [] });

/** Whether somebody in this state is probed and counted. */
export const isLive = (state: MemberState): boolean => state === 'alive' || state === 'suspect';

/** Members that live, ourselves included: the n of every bound. */
export const liveCount = (state: SwimState): number => state.round.length + 1;

/** What we say about a member. */
export const recordOf = (member: Member): Update => ({
  id: member.id,
  state: member.state,
  incarnation: member.incarnation,
  address: member.address,
});

/** Our own record, as it leads every datagram. */
export function ownRecord(state: SwimState): Update {
  return {
    id: state.config.id,
    state: state.left ? 'left' : 'alive',
    incarnation: state.incarnation,
    address: state.config.address,
  };
}

export function initSwim(config: SwimConfig): SwimState {
  assertConfig(config);
  const prng = newPrng(config.seed);
  const peers = config.peers.filter((peer) => peer.id !== config.id);
  const round = peers.map((peer) => peer.id);
  shuffle(prng, round);
  const state: SwimState = {
    config,
    prng,
    tickedAtMs: null,
    period: 0,
    periodEndsAtMs: 0,
    incarnation: FIRST_INCARNATION,
    left: false,
    farewellsLeft: 0,
    joined: false,
    members: new Map(),
    peers: new Map(peers.map((peer) => [peer.id, peer.address])),
    round,
    cursor: 0,
    // Random, so that an answer to the process before a restart is not taken for one to us.
    sequence: nextWord(prng),
    probe: null,
    relays: new Map(),
    suspicions: new Map(),
    news: new Map(),
    newsOrder: 0,
    counters: {
      malformed: 0,
      foreignCluster: 0,
      misaddressed: 0,
      addressConflicts: 0,
      tableFull: 0,
      relaysFull: 0,
      refutations: 0,
      failedProbes: 0,
      sendFailures: 0,
    },
  };
  for (const peer of peers) state.members.set(peer.id, assumedAlive(peer, peers.length));
  return state;
}

/** A configured peer: taken for alive until a probe says otherwise, outranked by its first word. */
function assumedAlive(peer: Peer, peerCount: number): Member {
  return {
    id: peer.id,
    address: peer.address,
    state: 'alive',
    incarnation: 0,
    sinceMs: 0,
    probeByPeriod: 2 * (peerCount + 1),
  };
}

/** Two records of the longest address fit beside the sender's own. */
export const DATAGRAM_BYTES_MIN = 896;
export const DATAGRAM_BYTES_LIMIT = 65_504;

function assertConfig(config: SwimConfig): void {
  const ids = new Set(config.peers.map((peer) => peer.id));
  assert(ids.size === config.peers.length, 'internal', 'a peer is listed twice');
  assert(ids.size <= config.membersMax, 'swim-bounds', 'more peers than members allowed');
  assert(config.id >= 1 && config.id <= 0xffff, 'internal', 'node id out of range');
  // A relayed answer needs two round trips after the direct one was given up.
  assert(config.probePeriodMs >= 3 * config.probeTimeoutMs, 'internal', 'period below 3 timeouts');
  assert(config.probeTimeoutMs >= 1 && config.suspicionMultiplier >= 1, 'internal', 'bad timing');
  assert(config.gossipMultiplier >= 1 && config.helpersMax >= 1, 'internal', 'bad fan-out');
  assert(config.syncEveryPeriods >= 1 && config.reachEveryPeriods >= 1, 'internal', 'bad pace');
  assert(config.membersMax >= 1 && config.membersMax <= 0xfffe, 'internal', 'bad members bound');
  assert(config.datagramBytesMax >= DATAGRAM_BYTES_MIN, 'internal', 'datagrams too small');
  assert(config.datagramBytesMax <= DATAGRAM_BYTES_LIMIT, 'internal', 'datagrams too large');
}
