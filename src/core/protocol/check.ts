/** What holds of a connection after every step. */
import { assert } from '../../base/assert.ts';
import { PEER_FRAME_BYTES_MAX } from './peer-frame.ts';
import type { ProtocolState } from './state.ts';
import { FEATURES_KNOWN, KEPT_FRAME_BYTES_MAX, PAYLOAD_BYTES_MAX } from './wire.ts';

export function checkProtocol(state: ProtocolState): void {
  const { mode, tail, skipBytes } = state;
  const keptMax = mode === 'peer' ? PEER_FRAME_BYTES_MAX : KEPT_FRAME_BYTES_MAX;
  assert(tail.used < keptMax, 'memory-bound', 'a connection keeps more than one frame');
  assert(tail.used <= tail.bytes.length, 'internal', 'tail beyond its buffer');
  assert(skipBytes >= 0 && skipBytes <= PAYLOAD_BYTES_MAX, 'internal', 'skip out of range');
  assert(skipBytes === 0 || tail.used === 0, 'internal', 'a skipped frame is kept too');
  assert((state.features & ~FEATURES_KNOWN) === 0, 'internal', 'an unknown feature granted');
  const idle = tail.used === 0 && skipBytes === 0;
  assert(mode === 'frames' || mode === 'peer' || idle, 'internal', 'bytes kept by a closed stream');
  assert(mode === 'frames' || skipBytes === 0, 'internal', 'only client payloads are skipped');
}
