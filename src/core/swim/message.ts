/**
 * A SWIM datagram as bytes. docs/protocol/gossip.md has the picture and worked bytes.
 *
 *   0  u8  format version (2)
 *   1  u8  kind
 *   2  u16 addressee
 *   4  u32 sequence
 *   8  16  cluster id
 *  24  u16 subject: whom a ping-request, an ack or a nack is about, else 0
 *  26  u16 record count, at least 1
 *  28  u32 zero
 *  32  records; the first is the sender's own
 *  -8  u32 length of the whole datagram
 *  -4  u32 CRC32C of everything before it
 *
 * A record: u16 id, u8 state, u8 zero, u16 address length, u16 accuser (of a suspect, else 0), u64
 * incarnation, the address in ASCII, zeros up to a multiple of 8.
 *
 * 1. Little-endian, every field aligned, the length a multiple of 8.
 * 2. Decoding trusts nothing and never throws: a datagram is whole and known, or null.
 * 3. The count is 16 bits wide: one byte would lose a table of 256 in silence.
 *
 * It deliberately does not authenticate: who can forge datagrams of the cluster can lie about
 * health, which costs discovery, never data.
 */
import { assert } from '../../base/assert.ts';
import {
  align8,
  fromHex,
  getU16,
  getU32,
  getU64,
  isSafeU64,
  putU16,
  putU32,
  putU64,
  toHex,
} from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { ClusterId, NodeId } from '../../base/units.ts';
import type { MemberState, Update } from './state.ts';

export const GOSSIP_VERSION = 2;
export const HEADER_BYTES = 32;
export const TRAILER_BYTES = 8;
export const RECORD_HEAD_BYTES = 16;
/** A host name of 253 characters, a colon, five digits of port, and room for brackets. */
export const ADDRESS_BYTES_MAX = 264;
/** Incarnations from outside stop here, so that there is always one above to refute with. */
export const INCARNATION_MAX = 2 ** 48;

const KINDS = ['ping', 'ack', 'ping-request', 'gossip', 'sync', 'table', 'nack'] as const;
/**
 * `ping` wants an `ack` from the addressee; `ping-request` wants the addressee to ping `subject`;
 * `gossip` carries records only; `sync` begins the sender's whole table and wants the addressee's;
 * `table` is a piece of a table; `nack` says that the request was heard and `subject` is silent.
 */
export type MessageKind = (typeof KINDS)[number];

const STATES: readonly MemberState[] = ['alive', 'suspect', 'dead', 'left'];

export interface Message {
  readonly kind: MessageKind;
  readonly target: NodeId;
  readonly sequence: number;
  readonly clusterId: ClusterId;
  /** 0 when the kind has no subject. */
  readonly subject: NodeId;
  readonly sender: Update;
  readonly updates: readonly Update[];
}

export const recordBytes = (update: Update): number =>
  RECORD_HEAD_BYTES + align8(update.address.length);

export function encodeMessage(message: Message): Uint8Array {
  const records = [message.sender, ...message.updates];
  let size = HEADER_BYTES + TRAILER_BYTES;
  for (const record of records) size += recordBytes(record);
  const bytes = new Uint8Array(size);
  bytes[0] = GOSSIP_VERSION;
  bytes[1] = KINDS.indexOf(message.kind);
  putU16(bytes, 2, message.target);
  putU32(bytes, 4, message.sequence);
  bytes.set(fromHex(message.clusterId), 8);
  putU16(bytes, 24, message.subject);
  putU16(bytes, 26, records.length);
  let at = HEADER_BYTES;
  for (const record of records) at = putRecord(bytes, at, record);
  putU32(bytes, at, size);
  putU32(bytes, at + 4, crc32c(bytes, 0, at + 4));
  return bytes;
}

/** The message, or null when the bytes are not a whole, known datagram with a right CRC. */
export function decodeMessage(bytes: Uint8Array): Message | null {
  const size = bytes.length;
  if (size < HEADER_BYTES + TRAILER_BYTES + RECORD_HEAD_BYTES || size % 8 !== 0) return null;
  if (getU32(bytes, size - 8) !== size) return null;
  if (getU32(bytes, size - 4) !== crc32c(bytes, 0, size - 4)) return null;
  const kind = KINDS[bytes[1]!];
  if (bytes[0] !== GOSSIP_VERSION || kind === undefined || getU32(bytes, 28) !== 0) return null;
  const records = readRecords(bytes, getU16(bytes, 26));
  if (records === null) return null;
  const [sender, ...updates] = records;
  if (sender === undefined || (sender.state !== 'alive' && sender.state !== 'left')) return null;
  return {
    kind,
    target: getU16(bytes, 2) as NodeId,
    sequence: getU32(bytes, 4),
    clusterId: toHex(bytes.subarray(8, 24)) as ClusterId,
    subject: getU16(bytes, 24) as NodeId,
    sender,
    updates,
  };
}

function putRecord(bytes: Uint8Array, at: number, record: Update): number {
  const { address } = record;
  const isShort = address.length >= 1 && address.length <= ADDRESS_BYTES_MAX;
  assert(isShort, 'internal', 'an address of this length does not fit');
  assert(record.incarnation <= INCARNATION_MAX, 'swim-incarnation', 'incarnation out of range');
  putU16(bytes, at, record.id);
  bytes[at + 2] = STATES.indexOf(record.state);
  const isAccused = record.state === 'suspect';
  assert(isAccused === record.accuser > 0, 'internal', 'a suspect, and nobody else, is accused');
  putU16(bytes, at + 4, address.length);
  putU16(bytes, at + 6, record.accuser);
  putU64(bytes, at + 8, record.incarnation);
  for (let place = 0; place < address.length; place++) {
    const code = address.charCodeAt(place);
    assert(isPrintable(code), 'internal', 'address is not printable ASCII');
    bytes[at + RECORD_HEAD_BYTES + place] = code;
  }
  return at + recordBytes(record);
}

/** Exactly `count` records between header and trailer, or null. */
function readRecords(bytes: Uint8Array, count: number): Update[] | null {
  const end = bytes.length - TRAILER_BYTES;
  const records: Update[] = [];
  let at = HEADER_BYTES;
  for (let nth = 0; nth < count; nth++) {
    const record = readRecord(bytes, at, end);
    if (record === null) return null;
    records.push(record);
    at += recordBytes(record);
  }
  return at === end ? records : null;
}

function readRecord(bytes: Uint8Array, at: number, end: number): Update | null {
  if (end - at < RECORD_HEAD_BYTES) return null;
  const id = getU16(bytes, at);
  const state = STATES[bytes[at + 2]!];
  const addressBytes = getU16(bytes, at + 4);
  if (id === 0 || state === undefined) return null;
  const accuser = getU16(bytes, at + 6) as NodeId;
  if (bytes[at + 3] !== 0 || (state === 'suspect') !== accuser > 0) return null;
  if (!isSafeU64(bytes, at + 8) || getU64(bytes, at + 8) > INCARNATION_MAX) return null;
  if (addressBytes > ADDRESS_BYTES_MAX) return null;
  if (at + RECORD_HEAD_BYTES + align8(addressBytes) > end) return null;
  const address = readAddress(bytes, at + RECORD_HEAD_BYTES, addressBytes);
  if (address === null) return null;
  return { id: id as NodeId, state, incarnation: getU64(bytes, at + 8), address, accuser };
}

function readAddress(bytes: Uint8Array, at: number, size: number): string | null {
  if (size === 0) return null;
  let address = '';
  for (let place = at; place < at + size; place++) {
    const code = bytes[place]!;
    if (!isPrintable(code)) return null;
    address += String.fromCharCode(code);
  }
  return address;
}

/** Printable ASCII without blanks. */
const isPrintable = (code: number): boolean => code > 0x20 && code < 0x7f;
