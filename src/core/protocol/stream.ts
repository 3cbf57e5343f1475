/**
 * Cuts a connection's bytes into frames.
 *
 * 1. A frame that lies whole in what has just come is read where it lies. Only the beginning of
 *    one that does not is copied, into `tail`, and read there when it is whole.
 * 2. Rows depend on the bytes, never on how they were split.
 * 3. A refused payload is skipped as it comes, not kept.
 *
 * RESP is not spoken here: a connection whose first byte is not a frame's is closed unanswered.
 */
import type { ErrorCode } from '../../base/errors.ts';
import { isAbsurd, readFrameHeader, readPayload } from './frame.ts';
import { emptyGather, gatherUpTo, takeGathered } from './gather.ts';
import { grantFeatures, readHello } from './hello.ts';
import { PEER_HEADER_BYTES, peerFrameBytes } from './peer-frame.ts';
import type { ProtocolOut } from './requests.ts';
import type { ProtocolState } from './state.ts';
import { FRAME_FIRST_BYTE, FRAME_HEADER_BYTES, REQUEST, ROLE } from './wire.ts';

export function receive(state: ProtocolState, bytes: Uint8Array, out: ProtocolOut): void {
  let at = 0;
  if (state.mode === 'unknown' && bytes.length > 0) detect(state, bytes[0]!, out);
  while (at < bytes.length && state.mode !== 'closed') at = advance(state, bytes, at, out);
}

function detect(state: ProtocolState, first: number, out: ProtocolOut): void {
  if (first === FRAME_FIRST_BYTE) state.mode = 'frames';
  else close(state, 'BAD_FRAME', out);
}

/** Takes something from `bytes` at `at`; answers where it stands then. */
function advance(state: ProtocolState, bytes: Uint8Array, at: number, out: ProtocolOut): number {
  if (state.skipBytes > 0) {
    const skipped = Math.min(state.skipBytes, bytes.length - at);
    state.skipBytes -= skipped;
    return at + skipped;
  }
  return state.tail.used > 0 ? takeUp(state, bytes, at, out) : takeHere(state, bytes, at, out);
}

/** No frame is open: reads the next where it lies. */
function takeHere(state: ProtocolState, bytes: Uint8Array, at: number, out: ProtocolOut): number {
  look(out, bytes, at, bytes.length);
  const consumed = consume(state, out);
  if (consumed === 0) return gatherUpTo(state.tail, bytes.length - at, bytes, at);
  state.skipBytes = Math.max(0, consumed - (bytes.length - at));
  return Math.min(at + consumed, bytes.length);
}

/** A frame is open in `tail`: completes it as far as `bytes` go. */
function takeUp(state: ProtocolState, bytes: Uint8Array, at: number, out: ProtocolOut): number {
  const { tail } = state;
  const next = gatherUpTo(tail, wantedBytes(state), bytes, at);
  const had = tail.used;
  look(out, tail.bytes, 0, had);
  const consumed = consume(state, out);
  if (consumed === 0) return next;
  emptyGather(tail);
  state.skipBytes = consumed - had;
  return next;
}

function look(out: ProtocolOut, source: Uint8Array, at: number, to: number): void {
  out.frame.source = source;
  out.frame.at = at;
  out.frame.to = to;
}

/** How far `tail` is to be filled: first the header, then the whole frame. */
function wantedBytes(state: ProtocolState): number {
  const { bytes, used } = state.tail;
  if (state.mode === 'peer') {
    return used < PEER_HEADER_BYTES ? PEER_HEADER_BYTES : peerFrameBytes(bytes, 0);
  }
  return used < FRAME_HEADER_BYTES
    ? FRAME_HEADER_BYTES
    : FRAME_HEADER_BYTES + payloadBytesOf(bytes);
}

const payloadBytesOf = (bytes: Uint8Array): number =>
  bytes[8]! * 0x100_0000 + ((bytes[9]! << 16) | (bytes[10]! << 8) | bytes[11]!);

/**
 * Reads the frame in `out.frame`. Answers how long it is, which may be more than has come when the
 * rest is not worth reading; 0: more bytes are needed.
 */
function consume(state: ProtocolState, out: ProtocolOut): number {
  return state.mode === 'peer' ? consumePeer(state, out) : consumeClient(state, out);
}

function consumeClient(state: ProtocolState, out: ProtocolOut): number {
  const { frame } = out;
  if (frame.to - frame.at < FRAME_HEADER_BYTES) return 0;
  if (!readFrameHeader(frame)) {
    // Nothing in this header means anything, its seq neither.
    frame.command = 0;
    frame.flags = 0;
    frame.seq = 0;
    return refuseAndClose(state, out);
  }
  if (isAbsurd(frame.payloadBytes)) return refuseAndClose(state, out);
  const verdict = readPayload(frame);
  if (verdict === 'MORE') return 0;
  frame.flags |= state.flags;
  if (verdict !== null) out.requests.pushError(state.connection, frame, verdict);
  else if (frame.command === REQUEST.HELLO) greet(state, out);
  else out.requests.push(state.connection, frame);
  state.greeted = true;
  return FRAME_HEADER_BYTES + frame.payloadBytes;
}

function consumePeer(state: ProtocolState, out: ProtocolOut): number {
  const { source, at, to } = out.frame;
  if (to - at < PEER_HEADER_BYTES) return 0;
  const total = peerFrameBytes(source, at);
  if (total === 0) {
    close(state, 'BAD_FRAME', out);
    return to - at;
  }
  if (to - at < total) return 0;
  const gathered = source === state.tail.bytes;
  const bytes = gathered ? takeGathered(state.tail) : source.subarray(at, at + total);
  out.peerFrames.push({ connection: state.connection, bytes });
  return total;
}

/** HELLO decides what the connection is; it must come first, since a connection never changes. */
function greet(state: ProtocolState, out: ProtocolOut): void {
  const { frame } = out;
  const hello = state.greeted
    ? 'MALFORMED'
    : readHello(frame.source, frame.valueAt, frame.valueBytes);
  if (typeof hello === 'string') {
    out.requests.pushError(state.connection, frame, hello);
    return;
  }
  out.requests.push(state.connection, frame);
  if (hello.role === ROLE.PEER) state.mode = 'peer';
  else grantFeatures(state, hello.features);
}

function refuseAndClose(state: ProtocolState, out: ProtocolOut): number {
  out.requests.pushError(state.connection, out.frame, 'BAD_FRAME');
  close(state, 'BAD_FRAME', out);
  return out.frame.to - out.frame.at;
}

function close(state: ProtocolState, reason: ErrorCode, out: ProtocolOut): void {
  state.mode = 'closed';
  state.skipBytes = 0;
  emptyGather(state.tail);
  out.closes.push({ connection: state.connection, reason });
}
