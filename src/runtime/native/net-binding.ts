/**
 * native/net as JavaScript sees it (native/addon/net.cc): a poller and its four tables.
 *
 *   records, inBytes   what came in; filled by `open`'s callback, `exchange` and `release`
 *   orders, outBytes   what is to go out; carried out by `exchange`
 *
 * The poller is driven from the event loop, or has a thread of its own (native/net/net_thread.h);
 * that shows in nothing but when records come. A record and an order are four numbers: kind, id, a, b.
 * An error is a negative errno.
 */

import { PEER_FRAME_BYTES_MAX, PEER_VERSION } from '../../core/protocol/peer-frame.ts';
import { KEPT_FRAME_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../../core/protocol/wire.ts';
import { KEEP_ALIVE_MS, SOCKETS_MAX } from '../listeners.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** native/net/batch.h has the same numbers. */
export const RECORD = {
  /** id; a, b: the address as text */
  CONNECTED: 1,
  /** id; a, b: bytes */
  RECEIVED: 2,
  CLOSED: 3,
  /** id; a: bytes that the kernel has not taken */
  UNSENT: 4,
  /** id; a: the node that calls */
  PEER_OPENED: 5,
  /** id; a, b: bytes */
  PEER_RECEIVED: 6,
  /** id; a, b: the address as text */
  LINK_UP: 7,
  /** a, b: bytes */
  GOSSIP: 8,
  /** a: errno */
  GOSSIP_FAILED: 9,
  /** id: a DOOR; a: errno */
  DOOR_FAILED: 10,
} as const;

export const ORDER = {
  /** id; a, b: bytes */
  SEND: 1,
  PAUSE: 2,
  RESUME: 3,
  /** Sends what is queued, then ends. */
  CLOSE: 4,
  RESET: 5,
  /** id: a target; a, b: bytes */
  GOSSIP: 6,
  /** id: from DIALLED_IDS on; a, b: port (u16 BE) and address (text). LINK_UP or CLOSED follows. */
  DIAL: 7,
} as const;

/** Connections that are dialled are numbered by whoever orders it, the others by the poller. */
export const DIALLED_IDS = 2 ** 40;

export const ROW_NUMBERS = 4;

export const DOOR = { CLIENTS: 0, PEERS: 1 } as const;
export type Door = (typeof DOOR)[keyof typeof DOOR];

/** What `stats` writes, in this order. */
export const STAT = {
  CONNECTIONS: 0,
  ACCEPTED: 1,
  REFUSED: 2,
  ACCEPT_PAUSES: 3,
  QUEUES_OVERFLOWED: 4,
  DATAGRAMS_SENT: 5,
  DATAGRAMS_DROPPED: 6,
} as const;
export const STAT_COUNT = 7;

export const RECORDS_MAX = 8192;
export const ORDERS_MAX = 4096;
/** Read in one wake-up, at most. */
export const IN_BYTES = 2 * MIB;
/** Sent in one exchange, at most; a turn may take several. */
export const OUT_BYTES = MIB;

const LINK_KEEP_ALIVE_SECONDS = 10;
/** A reply each for a connection's largest pipeline of middling requests; the node stops earlier. */
const QUEUE_BYTES_MAX = 1024 * MIB;

/** How the poller is opened; native/net/poller.h says what each means. */
export const pollerConfig = (silentMs: number, lingerMs: number): Float64Array =>
  Float64Array.of(
    silentMs,
    lingerMs,
    100, // accept pause
    SOCKETS_MAX,
    64, // accepts a wake-up
    128 * KIB, // read of one connection a wake-up
    QUEUE_BYTES_MAX,
    Math.min(64 * KIB, KEPT_FRAME_BYTES_MAX), // client frames that are held back until whole
    PAYLOAD_BYTES_MAX,
    256 * KIB, // the same for peer frames
    PEER_FRAME_BYTES_MAX,
    PEER_VERSION,
    KEEP_ALIVE_MS / 1000,
    LINK_KEEP_ALIVE_SECONDS,
  );

/** A poller's handle; good until `close`. */
export type PollerHandle = { readonly brand: 'poller' };

export interface NetBinding {
  open(
    config: Float64Array,
    records: Float64Array,
    inBytes: Uint8Array,
    orders: Float64Array,
    outBytes: Uint8Array,
    onBatch: (records: number) => void,
    isThreaded: boolean,
  ): PollerHandle | number;
  close(poller: PollerHandle): void;
  /** Accepts from now on. */
  start(poller: PollerHandle): void;
  /** Answers the port. */
  openDoor(poller: PollerHandle, door: Door, ip: string, port: number, mayBePeer: boolean): number;
  closeDoor(poller: PollerHandle, door: Door): void;
  isDoorOpen(poller: PollerHandle, door: Door): boolean;
  /** Answers the port. */
  openGossip(poller: PollerHandle, ip: string, port: number): number;
  closeGossip(poller: PollerHandle): void;
  isGossipOpen(poller: PollerHandle): boolean;
  setTarget(poller: PollerHandle, target: number, ip: string, port: number): number;
  /** False: the thread has ended by itself; nothing comes and nothing leaves any more. */
  isUp(poller: PollerHandle): boolean;
  /** Carries out the first `orders` rows; answers how many records there are. */
  exchange(poller: PollerHandle, orders: number): number;
  /** The records and their bytes have been read; answers how many there are now. */
  release(poller: PollerHandle): number;
  /** Ends doors, gossip and connections; `flush`: what was sent still leaves. */
  shutDown(poller: PollerHandle, flush: boolean): void;
  stats(poller: PollerHandle, into: Float64Array): void;
}
