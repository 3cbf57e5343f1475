/** Bytes from outside never throw, and never make a connection keep more than one frame. */
import { expect, test } from 'vitest';
import { concatBytes } from '../../base/bytes.ts';
import { newPrng, nextBelow, nextWord, type Prng } from '../../base/prng.ts';
import { millis } from '../../base/units.ts';
import { newCommandView, readCommand } from '../command.ts';
import { newRequestView, writeRequest } from './client.ts';
import { FrameWriter } from './frame-writer.ts';
import { newPeerFrameView, nextMessage, PeerFrameWriter, readPeerFrame } from './peer-frame.ts';
import { ReplyReader, readRefusal, readWelcome } from './replies.ts';
import { ProtocolOut } from './requests.ts';
import { protocol } from './step.ts';
import { COMMAND_ROWS, REPLY } from './wire.ts';
import { newReplyView, writeFailure, writeResult, writeWelcome } from './writer.ts';

const ROUNDS = 100_000;
const out = new ProtocolOut();
const view = newCommandView();

/** Steps through `bytes` in up to three pieces and looks at whatever came out. */
function receive(bytes: Uint8Array, prng: Prng): number {
  const state = protocol.init({ connection: 1, mode: 'unknown' });
  let at = 0;
  let rows = 0;
  while (at < bytes.length) {
    const end =
      nextBelow(prng, 3) === 0 ? bytes.length : at + 1 + nextBelow(prng, bytes.length - at);
    out.clear();
    protocol.step(state, { kind: 'received', bytes: bytes.subarray(at, end) }, millis(0), out);
    protocol.check(state);
    rows += lookAtRows();
    at = end;
  }
  if (state.tail.bytes.length > 8192) throw new Error('more kept than has come');
  return rows;
}

function lookAtRows(): number {
  const { requests } = out;
  for (let row = 0; row < requests.count; row++) {
    if (requests.error[row] !== null || requests.operation[row] === 0) continue;
    const at = requests.at[row]!;
    if (!readCommand(requests.commands, at, at + requests.bytes[row]!, view)) {
      throw new Error('a malformed command was let through');
    }
  }
  return requests.count;
}

function mutate(bytes: Uint8Array, prng: Prng): Uint8Array {
  const mutant = bytes.slice(0, bytes.length - (nextBelow(prng, 4) === 0 ? nextBelow(prng, 9) : 0));
  for (let left = 1 + nextBelow(prng, 3); left > 0; left--) {
    const bit = 1 << nextBelow(prng, 8);
    const at = nextBelow(prng, mutant.length);
    mutant[at] = mutant[at]! ^ (nextBelow(prng, 2) === 0 ? bit : nextWord(prng) & 255);
  }
  return mutant;
}

function randomBytes(prng: Prng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => nextWord(prng) & 255);
}

function validFrames(prng: Prng): Uint8Array[] {
  const writer = new FrameWriter(0);
  return COMMAND_ROWS.map((row) => {
    writeRequest(writer, {
      ...newRequestView(),
      command: row.command,
      flags: row.flagsNeeded | (nextBelow(prng, 2) === 0 ? row.flagsAllowed : 0),
      key: randomBytes(prng, nextBelow(prng, 20)),
      expected: nextBelow(prng, 2) === 0 ? null : randomBytes(prng, 5),
      value: randomBytes(prng, nextBelow(prng, 20)),
    });
    return writer.take();
  });
}

test('100,000 mutated request streams', () => {
  const prng = newPrng([7]);
  let rows = 0;
  for (let round = 0; round < ROUNDS / 100; round++) {
    const frames = validFrames(prng);
    for (let n = 0; n < 100; n++) {
      const first = frames[nextBelow(prng, frames.length)]!;
      const second = frames[nextBelow(prng, frames.length)]!;
      rows += receive(mutate(concatBytes([first, second]), prng), prng);
    }
  }
  expect(rows).toBeGreaterThan(ROUNDS / 2);
});

test('100,000 random streams, half of them behind a right magic', () => {
  const prng = newPrng([8]);
  let rows = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = randomBytes(prng, 1 + nextBelow(prng, 40));
    if (round % 2 === 0) bytes.set([0xa9, 0xec, 0xbd, 0x10].slice(0, bytes.length));
    if (round % 4 === 0 && bytes.length > 10) bytes.fill(0, 8, 11);
    rows += receive(bytes, prng);
  }
  expect(rows).toBeGreaterThan(1000);
});

test('100,000 mutated peer frames are refused, or are what was sent', () => {
  const prng = newPrng([9]);
  const writer = new PeerFrameWriter();
  const id = new Uint8Array(16).fill(7);
  const message = newPeerFrameView();
  writer.begin({ from: 1, to: 2, cluster: id, fromStore: id, toStore: id });
  writer.addMessage({ channel: 1, type: 1, group: 0 }, [new Uint8Array(24).fill(3)]);
  writer.addMessage({ channel: 3, type: 2, group: 1 }, []);
  const frame = writer.finish();
  let accepted = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const mutant = mutate(frame, prng);
    if (readPeerFrame(message, mutant) !== null) continue;
    accepted++;
    while (nextMessage(message)) expect(message.bodyAt + message.bodyBytes).toBeLessThan(1000);
    expect(mutant).toEqual(frame);
  }
  // Some mutations change nothing, by undoing themselves; the rest must not pass two CRCs.
  expect(accepted).toBeLessThan(ROUNDS / 100);
});

test('20,000 mutated reply streams', () => {
  const prng = newPrng([10]);
  const writer = new FrameWriter(1);
  const request = { seq: 1, command: 0x20, flags: 0 };
  writeResult(writer, { ...newReplyView(), ...request, status: 1, valueBytes: 0 });
  writeFailure(writer, request, { code: 'OVERLOADED', detail: null });
  writeWelcome(writer, 1, { features: 0, server: 'x' });
  writeFailure(writer, { ...request, command: 1 }, { code: 'OVERLOADED', detail: null });
  const stream = writer.take();
  for (let round = 0; round < 20_000; round++) {
    const reader = new ReplyReader();
    reader.receive(mutate(stream, prng));
    for (let row = 0; row < reader.count; row++) {
      const command = reader.command[row];
      if (command === REPLY.ERROR || command === REPLY.FAILURE) readRefusal(reader, row);
      if (command === REPLY.WELCOME) readWelcome(reader, row);
    }
  }
});
