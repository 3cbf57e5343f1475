/**
 * A client that asks little and is owed much: swaps that meet a large value, each of which answers with
 * it. All at once they would be more than any memory.
 */
import net from 'node:net';
import { newRequestView, writeRequest } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import { NO_STATUS, ReplyReader, readRefusal } from '../../src/core/protocol/replies.ts';
import { REQUEST } from '../../src/core/protocol/wire.ts';
import { STATUS } from '../../src/core/types.ts';
import { HOST } from '../../src/runtime/testing/ports.ts';
import { demand } from '../integration/verdict.ts';
import { arrival } from './crowds.ts';

/**
 * `count` swaps of what `key` holds, in one write; how many were answered with it, and refused: for want
 * of room, or because a leader that is too busy was followed by another one (`isLeaderLost`).
 */
export async function swapInVain(
  port: number,
  key: Uint8Array,
  count: number,
): Promise<{
  readonly answered: number;
  readonly refused: number;
  readonly isLeaderLost: boolean;
}> {
  const socket = net.connect({ host: HOST, port });
  socket.on('error', () => {});
  await arrival(socket, 'connect');
  const writer = new FrameWriter(1);
  for (let seq = 1; seq <= count; seq++) {
    const command = REQUEST.COMPARE_AND_SWAP;
    const texts = { expected: new TextEncoder().encode('no'), value: new Uint8Array(1) };
    writeRequest(writer, { ...newRequestView(), command, seq, key, ...texts });
  }
  const reader = new ReplyReader();
  let answered = 0;
  let refused = 0;
  let isLeaderLost = false;
  let replies = 0;
  socket.on('data', (chunk: Buffer) => {
    reader.clear();
    reader.receive(chunk);
    replies += reader.count;
    for (let row = 0; row < reader.count; row++) {
      if (reader.status[row] === STATUS.CONDITION_FAILED) answered++;
      else if (reader.status[row] === NO_STATUS && isExcused(reader, row)) {
        refused++;
        isLeaderLost ||= readRefusal(reader, row).code !== 'OVERLOADED';
      }
    }
    if (replies >= count) socket.end();
  });
  socket.write(writer.take());
  await arrival(socket, 'close');
  demand(
    answered + refused === count,
    `${count - answered - refused} swaps have no answer that will do`,
  );
  return { answered, refused, isLeaderLost };
}

const EXCUSES: ReadonlySet<string> = new Set(['OVERLOADED', 'UNAVAILABLE', 'UNCERTAIN']);

const isExcused = (reader: ReplyReader, row: number): boolean =>
  EXCUSES.has(readRefusal(reader, row).code);
