import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, putU32, toHex } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { encodeUtf8 } from '../../base/text.ts';
import {
  CHANNEL,
  newPeerFrameView,
  nextMessage,
  PEER_FRAME_BYTES_MAX,
  type PeerAddress,
  PeerFrameWriter,
  peerFrameBytes,
  peerFrameCluster,
  peerFrameFromStore,
  peerFrameToStore,
  readPeerFrame,
} from './peer-frame.ts';

const address: PeerAddress = {
  from: 2,
  to: 65_535,
  cluster: new Uint8Array(16).fill(0xc1),
  fromStore: new Uint8Array(16).fill(0xf0),
  toStore: new Uint8Array(16),
};

interface PlainMessage {
  readonly channel: number;
  readonly type: number;
  readonly group: number;
  readonly body: Uint8Array;
}

function frameOf(messages: readonly PlainMessage[]): Uint8Array {
  const writer = new PeerFrameWriter();
  writer.begin(address);
  for (const message of messages) writer.addMessage(message, [message.body]);
  return writer.finish();
}

function messagesOf(frame: Uint8Array): PlainMessage[] {
  const view = newPeerFrameView();
  expect(readPeerFrame(view, frame)).toBeNull();
  const messages: PlainMessage[] = [];
  while (nextMessage(view)) {
    const body = frame.slice(view.bodyAt, view.bodyAt + view.bodyBytes);
    messages.push({ channel: view.channel, type: view.type, group: view.group, body });
  }
  expect(messages).toHaveLength(view.count);
  return messages;
}

const verdict = (frame: Uint8Array) => readPeerFrame(newPeerFrameView(), frame);

/** As someone who means it would: both CRCs fit what is there. */
function reseal(frame: Uint8Array): Uint8Array {
  putU32(frame, 72, crc32c(frame, 0, 72));
  putU32(frame, 76, crc32c(frame, 80, frame.length));
  return frame;
}

test('the worked bytes of docs/formats/peer-frame.md', () => {
  const page = readFileSync(
    new URL('../../../docs/formats/peer-frame.md', import.meta.url),
    'utf8',
  );
  const worked = /```peer\n([^`]*)```/.exec(page)![1]!.replaceAll(/\s/g, '');
  const body = encodeUtf8('hello');
  expect(toHex(frameOf([{ channel: CHANNEL.RAFT, type: 3, group: 1, body }]))).toBe(worked);
  expect(messagesOf(fromHex(worked))).toHaveLength(1);
});

test('messages come back as they went in, padded to 8 bytes', () => {
  const messages = [0, 1, 7, 8, 9, 1000].map((length, n) => ({
    channel: 1 + (n % 5),
    type: 250 + n,
    group: n * 800_000_000,
    body: new Uint8Array(length).fill(n + 1),
  }));
  const read = messagesOf(frameOf(messages));
  for (const [n, { body, ...head }] of messages.entries()) {
    const padded = new Uint8Array(Math.ceil(body.length / 8) * 8);
    padded.set(body);
    expect(read[n]).toEqual({ ...head, body: padded });
  }
});

test('a body may come in parts', () => {
  const writer = new PeerFrameWriter();
  writer.begin(address);
  const parts = [encodeUtf8('ab'), new Uint8Array(0), encodeUtf8('cdefgh')];
  writer.addMessage({ channel: 1, type: 1, group: 0 }, parts);
  expect(messagesOf(writer.finish())[0]!.body).toEqual(encodeUtf8('abcdefgh'));
});

test('the header says who, from which store, of which cluster', () => {
  const view = newPeerFrameView();
  expect(readPeerFrame(view, frameOf([]))).toBeNull();
  expect([view.from, view.to, view.count]).toEqual([2, 65_535, 0]);
  expect(peerFrameCluster(view)).toBe(toHex(address.cluster));
  expect(peerFrameFromStore(view)).toBe(toHex(address.fromStore));
  expect(peerFrameToStore(view)).toBe(toHex(address.toStore));
  expect(nextMessage(view)).toBe(false);
});

test('more than 65,535 messages in one frame are all counted', () => {
  const empty = { channel: 1, type: 1, group: 0, body: new Uint8Array(0) };
  expect(messagesOf(frameOf(Array.from({ length: 70_000 }, () => empty)))).toHaveLength(70_000);
});

test('frames that were handed over stay as they are while others are built', () => {
  const writer = new PeerFrameWriter();
  const frames: { frame: Uint8Array; crc: number }[] = [];
  for (let n = 0; n < 100; n++) {
    writer.begin(address);
    const body = new Uint8Array(n * 300).fill(n);
    writer.addMessage({ channel: 1, type: 1, group: n }, [body]);
    const frame = writer.finish();
    frames.push({ frame, crc: crc32c(frame, 0, frame.length) });
  }
  for (const { frame, crc } of frames) {
    expect(crc32c(frame, 0, frame.length)).toBe(crc);
    expect(verdict(frame)).toBeNull();
  }
});

describe('bounds', () => {
  test('a full frame says so before it is exceeded, and asserts when it is not asked', () => {
    const writer = new PeerFrameWriter();
    writer.begin(address);
    const body = new Uint8Array(PEER_FRAME_BYTES_MAX - 80 - 16);
    expect(writer.wouldExceed(body.length)).toBe(false);
    expect(writer.wouldExceed(body.length + 1)).toBe(true);
    writer.addMessage({ channel: 1, type: 1, group: 0 }, [body]);
    expect(writer.wouldExceed(0)).toBe(true);
    const add = () => writer.addMessage({ channel: 1, type: 1, group: 0 }, []);
    expect(add).toThrow(/queue-bound/);
    const frame = writer.finish();
    expect(peerFrameBytes(frame, 0)).toBe(PEER_FRAME_BYTES_MAX);
    expect(verdict(frame)).toBeNull();
  });

  test('a frame is begun once and finished once', () => {
    const writer = new PeerFrameWriter();
    expect(() => writer.finish()).toThrow(/no peer frame/);
    expect(() => writer.addMessage({ channel: 1, type: 1, group: 0 }, [])).toThrow(/no peer frame/);
    writer.begin(address);
    expect(() => writer.begin(address)).toThrow(/is open/);
  });
});

describe('what is refused', () => {
  const whole = frameOf([
    { channel: 1, type: 1, group: 0, body: new Uint8Array(8).fill(1) },
    { channel: 2, type: 2, group: 0, body: new Uint8Array(16).fill(2) },
  ]);

  test('a frame cut short or run long', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(verdict(whole.subarray(0, length))).toBe('BAD_FRAME');
    }
    const longer = new Uint8Array(whole.length + 8);
    longer.set(whole);
    expect(verdict(longer)).toBe('BAD_FRAME');
  });

  test('every single flipped bit', () => {
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const frame = whole.slice();
      frame[bit >>> 3]! ^= 1 << (bit & 7);
      expect(verdict(frame)).toBe('BAD_FRAME');
    }
  });

  test('another version or kind, when the frame is otherwise whole', () => {
    for (const at of [4, 5]) {
      const frame = whole.slice();
      frame[at] = 2;
      expect(verdict(reseal(frame))).toBe('WRONG_VERSION');
    }
  });

  test('sizes that do not add up, even under right CRCs', () => {
    const sizes = [0, 8, 12, 20, 25, 1000, 0xffff_fff8, 48, 64];
    for (const size of sizes) {
      const frame = whole.slice();
      putU32(frame, 80, size);
      expect(verdict(reseal(frame))).toBe('BAD_FRAME');
    }
    const last = whole.slice();
    putU32(last, 104, 40);
    expect(verdict(reseal(last))).toBe('BAD_FRAME');
  });

  test('a count that is not the number of messages', () => {
    for (const count of [0, 1, 3, 258, 0xffff_ffff]) {
      const frame = whole.slice();
      putU32(frame, 12, count);
      expect(verdict(reseal(frame))).toBe('BAD_FRAME');
    }
  });

  test('lengths that no frame has', () => {
    for (const total of [0, 72, 84, PEER_FRAME_BYTES_MAX + 8, 0xffff_fff8]) {
      const frame = fromHex(toHex(whole));
      putU32(frame, 8, total);
      expect(peerFrameBytes(frame, 0)).toBe(0);
    }
  });
});
