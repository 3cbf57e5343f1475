/**
 * The nouns of SWIM (Das, Gupta, Motivala: "SWIM: Scalable Weakly-consistent Infection-style
 * Process Group Membership Protocol", 2002) and of Lifeguard (Dadgar, Phillips, Currey: "Lifeguard:
 * Local Health Awareness for More Accurate Failure Detection", 2018), and a machine's first state.
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
import { type ClusterId, NOBODY, type NodeId } from '../../base/units.ts';

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

/** What travels: a claim about one member. */
export interface Update {
  readonly id: NodeId;
  readonly state: MemberState;
  readonly incarnation: number;
  /** host:gossip-port, printable ASCII. */
  readonly address: string;
  /** Whose probe failed, when the state is `suspect`; else 0 (NOBODY). */
  readonly accuser: NodeId;
}

/** What we hold about a member other than ourselves. */
export interface Member {
  readonly id: NodeId;
  address: string;
  state: MemberState;
  /** 0: known only from a list of addresses, never heard of through gossip. */
  incarnation: number;
  /** When the record became what it is. */
  sinceMs: number;
  /** The period by whose end a live member must have been probed again (check.ts). */
  probeByPeriod: number;
}

/** Armed by an accusation; acts only if the accusation still stands when it runs out. */
export interface Suspicion {
  readonly incarnation: number;
  /** Postponed, like the deadline, by the time in which we ourselves stood still. */
  armedAtMs: number;
  deadlineMs: number;
  /** The timeout when everybody wanted has confirmed. */
  readonly timeoutMsMin: number;
  readonly confirmationsWanted: number;
  /** Who accuses, each once: first who armed the timer, then those who confirmed. */
  readonly accusers: NodeId[];
}

/** The one probe of the running period. */
export interface Probe {
  readonly target: NodeId;
  readonly sequence: number;
  /** The incarnation that an accusation will name: what was held when the ping left. */
  readonly incarnation: number;
  readonly startedAtMs: number;
  /** When helpers are asked; null once they have been. */
  helpersAtMs: number | null;
  helpersAsked: number;
  /** Helpers that have not said yet that they heard us. */
  readonly silentHelpers: NodeId[];
}

/** A ping that we sent for somebody else. */
export interface Relay {
  readonly subject: NodeId;
  readonly requester: NodeId;
  readonly requesterAddress: string;
  readonly requesterSequence: number;
  readonly bornPeriod: number;
  /** When the requester is told that there is no answer yet; null once it was. */
  nackAtMs: number | null;
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
  /** The least time a suspect has, in periods per bit of the cluster's size. */
  readonly suspicionMultiplier: number;
  /** How many times as long it has as long as nobody confirms; 1: confirmations change nothing. */
  readonly suspicionStretch: number;
  /** How many confirmations bring the time down to the least. */
  readonly confirmationsMax: number;
  /** The worst score of our own health; 0: timeouts never grow. */
  readonly healthMax: number;
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
  suspicionStretch: 6,
  confirmationsMax: 3,
  healthMax: 7,
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
/** So far goes the table of logarithms (suspicion.ts). */
export const CONFIRMATIONS_LIMIT = 7;
export const HEALTH_LIMIT = 7;

export interface SwimCounters {
  malformed: number;
  foreignCluster: number;
  misaddressed: number;
  addressConflicts: number;
  tableFull: number;
  relaysFull: number;
  refutations: number;
  failedProbes: number;
  nacks: number;
  confirmations: number;
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
  /** Our own health as our probes show it: 0 is well, `healthMax` is worst (health.ts). */
  health: number;
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

export const changeOf = ({ id, state, incarnation, address }: Update): Change => ({
  id,
  state,
  incarnation,
  address,
});

export const newSwimOut = (): SwimOut => ({ datagrams: [], changes: [] });

/** Whether somebody in this state is probed and counted. */
export const isLive = (state: MemberState): boolean => state === 'alive' || state === 'suspect';

/** Members that live, ourselves included: the n of every bound. */
export const liveCount = (state: SwimState): number => state.round.length + 1;

/**
 * What we say about a member. Of those who accuse it one is named, the last to do so the first
 * time, and so on in turns: a record has room for one.
 */
export function recordOf(state: SwimState, member: Member, transmissions: number): Update {
  const { id, incarnation, address } = member;
  const record = { id, state: member.state, incarnation, address };
  if (member.state !== 'suspect') return { ...record, accuser: NOBODY };
  const suspicion = state.suspicions.get(id);
  assert(suspicion !== undefined, 'swim-completeness', 'a suspect that nobody accuses');
  const { accusers } = suspicion;
  const place = accusers.length - 1 - (transmissions % accusers.length);
  return { ...record, accuser: accusers[place]! };
}

/** Our own record, as it leads every datagram. */
export function ownRecord(state: SwimState): Update {
  return {
    id: state.config.id,
    state: state.left ? 'left' : 'alive',
    incarnation: state.incarnation,
    address: state.config.address,
    accuser: NOBODY,
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
    health: 0,
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
      nacks: 0,
      confirmations: 0,
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
  assertLifeguard(config);
  assert(config.gossipMultiplier >= 1 && config.helpersMax >= 1, 'internal', 'bad fan-out');
  assert(config.syncEveryPeriods >= 1 && config.reachEveryPeriods >= 1, 'internal', 'bad pace');
  assert(config.membersMax >= 1 && config.membersMax <= 0xfffe, 'internal', 'bad members bound');
  assert(config.datagramBytesMax >= DATAGRAM_BYTES_MIN, 'internal', 'datagrams too small');
  assert(config.datagramBytesMax <= DATAGRAM_BYTES_LIMIT, 'internal', 'datagrams too large');
}

function assertLifeguard({ suspicionStretch, confirmationsMax, healthMax }: SwimConfig): void {
  assert(Number.isInteger(suspicionStretch), 'internal', 'the stretch is no whole number');
  assert(suspicionStretch >= 1, 'internal', 'bad stretch');
  const isTabled = confirmationsMax >= 1 && confirmationsMax <= CONFIRMATIONS_LIMIT;
  assert(isTabled, 'internal', 'confirmations out of range');
  assert(healthMax >= 0 && healthMax <= HEALTH_LIMIT, 'internal', 'health out of range');
}
