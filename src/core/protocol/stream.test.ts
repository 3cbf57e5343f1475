import { describe, expect, test } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../base/bytes.ts';
import { newPrng, nextBelow } from '../../base/prng.ts';
import { millis } from '../../base/units.ts';
import { encodeCommand, encodeSwap } from '../command.ts';
import { OPERATION } from '../types.ts';
import { newRequestView, writeHello, writeRequest } from './client.ts';
import {
  errorsOf,
  feed,
  header,
  hex,
  newTranscript,
  partsOf,
  record,
  request,
  spell,
  split,
  splitEvery,
  text,
} from './fixture.ts';
import { FrameWriter } from './frame-writer.ts';
import { PeerFrameWriter } from './peer-frame.ts';
import { ProtocolOut } from './requests.ts';
import { protocol } from './step.ts';
import { COMMAND_ROWS, FEATURE, FLAG, REQUEST, ROLE } from './wire.ts';

function hello(role: number, features = 0): Uint8Array {
  const writer = new FrameWriter(0);
  const common = { versionMin: 1, versionMax: 2, features };
  const id = new Uint8Array(16).fill(0xcc);
  writeHello(
    writer,
    1,
    role === ROLE.PEER
      ? { role: ROLE.PEER, ...common, node: 3, cluster: id, store: id }
      : { role: ROLE.CLIENT, ...common, name: text('test') },
  );
  return writer.take();
}

function peerFrame(body: Uint8Array): Uint8Array {
  const writer = new PeerFrameWriter();
  const id = new Uint8Array(16);
  writer.begin({ from: 3, to: 1, cluster: id, fromStore: id, toStore: id });
  writer.addMessage({ channel: 1, type: 2, group: 0 }, [body]);
  return writer.finish();
}

describe("the seed's frames, byte for byte", () => {
  test('GET', () => {
    const { rows } = feed([hex('a9ecbd10 01 00 0000 00000005 00000001  00000001 6b')]);
    const bytes = encodeCommand({ operation: OPERATION.GET, key: text('k') });
    const row = { connection: 7, seq: 1, command: 1, flags: 0, operation: OPERATION.GET };
    expect(rows).toEqual([{ ...row, error: null, bytes: toHex(bytes), key: '6b' }]);
  });

  test('PUT', () => {
    const frame = hex('a9ecbd10 02 00 0000 0000000a 00000002  00000001 6b 00000001 76');
    const [row] = feed([frame]).rows;
    expect(partsOf(fromHex(row!.bytes))).toMatchObject({
      operation: OPERATION.PUT,
      flags: 0,
      key: text('k'),
      value: text('v'),
    });
  });

  test('DEL, PING, METRICS', () => {
    const { rows } = feed([
      hex('a9ecbd10 03 00 ffff 00000005 00000003  00000001 6b'),
      hex('a9ecbd10 04 00 0001 00000000 00000004'),
      hex('a9ecbd10 05 00 0001 00000000 ffffffff'),
    ]);
    expect(rows.map((row) => [row.operation, row.command, row.seq])).toEqual([
      [OPERATION.DELETE, REQUEST.DEL, 3],
      [0, REQUEST.PING, 4],
      [0, REQUEST.METRICS, 0xffff_ffff],
    ]);
  });

  test('empty keys and values are keys and values', () => {
    const [get, put] = feed([
      request({ command: REQUEST.GET }),
      request({ command: REQUEST.PUT }),
    ]).rows;
    expect([get!.error, get!.key]).toEqual([null, '']);
    expect([put!.error, put!.key]).toEqual([null, '']);
  });
});

describe('new commands', () => {
  test('a session prefix becomes part of the command', () => {
    const frame = request({
      command: REQUEST.PUT,
      flags: FLAG.SESSION,
      session: 2 ** 53 - 1,
      sequence: 77,
      lowestUnacknowledged: 70,
      key: text('k'),
      value: text('v'),
    });
    expect(partsOf(fromHex(feed([frame]).rows[0]!.bytes))).toMatchObject({
      session: 2 ** 53 - 1,
      sequence: 77,
      lowestUnacknowledged: 70,
      key: text('k'),
      value: text('v'),
    });
  });

  test.each([
    ['a value', text('old')],
    ['an empty value', text('')],
    ['absence', null],
  ])('COMPARE_AND_SWAP that expects %s', (_, expected) => {
    const key = text('k');
    const value = text('new');
    const [row] = feed([request({ command: REQUEST.COMPARE_AND_SWAP, key, expected, value })]).rows;
    const swap = encodeSwap(expected, value);
    const bytes = encodeCommand({ operation: OPERATION.COMPARE_AND_SWAP, key, value: swap });
    expect(row).toMatchObject({ error: null, bytes: toHex(bytes), key: toHex(key) });
  });

  test('INCREMENT, APPEND, OPEN_SESSION, CLOSE_SESSION', () => {
    const key = text('k');
    const { rows } = feed([
      request({ command: REQUEST.INCREMENT, key, value: text('-3') }),
      request({ command: REQUEST.APPEND, key, value: text('tail') }),
      request({ command: REQUEST.OPEN_SESSION }),
      request({ command: REQUEST.CLOSE_SESSION, flags: FLAG.SESSION, session: 5, sequence: 9 }),
    ]);
    expect(rows.map((row) => row.error)).toEqual([null, null, null, null]);
    const parts = rows.map((row) => partsOf(fromHex(row.bytes))!);
    expect(parts.map((part) => part.operation)).toEqual([
      OPERATION.INCREMENT,
      OPERATION.APPEND,
      OPERATION.OPEN_SESSION,
      OPERATION.CLOSE_SESSION,
    ]);
    expect(parts[0]!.value).toEqual(text('-3'));
    expect([parts[3]!.session, parts[3]!.sequence]).toEqual([5, 9]);
  });

  test('flags that make no sense with a command are refused, the connection lives on', () => {
    expect(
      errorsOf([
        request({ command: REQUEST.GET, flags: FLAG.SESSION }),
        request({ command: REQUEST.PUT, flags: FLAG.STALE }),
        request({ command: REQUEST.OPEN_SESSION, flags: FLAG.SESSION }),
        request({ command: REQUEST.CLOSE_SESSION }),
        request({ command: REQUEST.PING, flags: 0x80 }),
        request({ command: REQUEST.GET, flags: FLAG.STALE | FLAG.REDIRECT | FLAG.TYPED }),
      ]),
    ).toEqual(['MALFORMED', 'MALFORMED', 'MALFORMED', 'MALFORMED', 'MALFORMED', null]);
  });

  test('every command byte without a row is unknown, whatever its payload', () => {
    const known = new Set(COMMAND_ROWS.map((row) => row.command));
    const unknown = Array.from({ length: 256 }, (_, byte) => byte).filter((b) => !known.has(b));
    const frames = unknown.flatMap((byte) => [header(byte, 3), hex('010203')]);
    const { rows, closes } = feed([concatBytes(frames)]);
    expect(rows.map((row) => row.command)).toEqual(unknown);
    expect(rows.every((row) => row.error === 'UNKNOWN_COMMAND')).toBe(true);
    expect(closes).toEqual([]);
  });
});

describe('HELLO', () => {
  test('grants the features it knows, for all requests from the next on', () => {
    const get = request({ command: REQUEST.GET, flags: FLAG.STALE });
    const wished = FEATURE.TYPED | FEATURE.REDIRECT | 0x8000_0000;
    const { rows } = feed([hello(ROLE.CLIENT, wished), get]);
    expect(rows.map((row) => row.error)).toEqual([null, null]);
    expect(rows[1]!.flags).toBe(FLAG.STALE | FLAG.TYPED | FLAG.REDIRECT);
  });

  test('hands its payload on', () => {
    const frame = hello(ROLE.CLIENT);
    expect(feed([frame]).rows[0]!.bytes).toBe(toHex(frame.subarray(16)));
  });

  test('is refused when it is not the first frame: a connection never changes', () => {
    const ping = request({ command: REQUEST.PING });
    const { rows, mode } = feed([ping, hello(ROLE.PEER), ping]);
    expect(rows.map((row) => row.error)).toEqual([null, 'MALFORMED', null]);
    expect(mode).toBe('frames');
  });

  test('is refused without a common version, and the connection stays plain', () => {
    const frame = hello(ROLE.CLIENT, FEATURE.TYPED);
    frame[17] = 3;
    frame[18] = 9;
    const { rows } = feed([frame, request({ command: REQUEST.GET })]);
    expect(rows.map((row) => [row.error, row.flags])).toEqual([
      ['WRONG_VERSION', 0],
      [null, 0],
    ]);
  });

  test('with an impossible payload is refused', () => {
    for (const at of [16, 19, 27]) {
      const frame = hello(ROLE.CLIENT);
      frame[at] = 9;
      expect(errorsOf([frame])).toEqual(['MALFORMED']);
    }
    expect(errorsOf([header(REQUEST.HELLO, 0)])).toEqual(['MALFORMED']);
    expect(errorsOf([header(REQUEST.HELLO, 5000)])).toEqual(['MALFORMED']);
  });

  test('of a peer makes all that follows peer frames, in the same piece or later ones', () => {
    const frames = [peerFrame(text('one')), peerFrame(new Uint8Array(5000))];
    const whole = concatBytes([hello(ROLE.PEER), ...frames]);
    for (const pieces of [[whole], splitEvery(whole, 1), splitEvery(whole, 111)]) {
      const { rows, peerFrames, mode } = feed(pieces);
      expect(rows).toHaveLength(1);
      expect(peerFrames).toEqual(frames.map(spell));
      expect(mode).toBe('peer');
    }
  });
});

describe('a dialled peer connection', () => {
  test('is peer frames from its first byte', () => {
    const frame = peerFrame(text('body'));
    expect(feed(splitEvery(concatBytes([frame, frame]), 7), 'peer').peerFrames).toEqual([
      toHex(frame),
      toHex(frame),
    ]);
  });

  test('closes at what cannot be a peer frame', () => {
    const { peerFrames, closes } = feed([request({ key: new Uint8Array(99) })], 'peer');
    expect(peerFrames).toEqual([]);
    expect(closes).toEqual([]);
    expect(feed([new Uint8Array(80)], 'peer').closes).toEqual(['BAD_FRAME']);
  });
});

describe('splits', () => {
  const writer = new FrameWriter(0);
  const base = newRequestView();
  writeHello(writer, 1, {
    role: ROLE.CLIENT,
    versionMin: 2,
    versionMax: 2,
    features: FEATURE.TYPED,
    name: text('x'),
  });
  for (let seq = 2; seq < 24; seq++) {
    const row = COMMAND_ROWS[seq % COMMAND_ROWS.length]!;
    const flags = row.flagsNeeded | (seq % 3 === 0 ? row.flagsAllowed : 0);
    const key = new Uint8Array(seq % 7).fill(seq);
    const value = new Uint8Array((seq * 5) % 23).fill(seq);
    const expected = seq % 2 === 0 ? null : value;
    const session = { session: seq, sequence: seq * 2, lowestUnacknowledged: seq };
    if (row.command === REQUEST.HELLO) continue;
    writeRequest(writer, {
      ...base,
      ...session,
      command: row.command,
      flags,
      seq,
      key,
      value,
      expected,
    });
  }
  // Refusals of each kind among them: their payloads are skipped, not read.
  const refusals = concatBytes([
    header(0x77, 9),
    new Uint8Array(9),
    header(REQUEST.PUT, 12),
    hex('00000002 6b6b 00000009 7676'),
    header(REQUEST.PUT, 300_000),
    hex('00020000'),
    new Uint8Array(299_996),
    header(REQUEST.PING, 0),
  ]);
  const stream = writer.take();
  const whole = concatBytes([stream, refusals]);
  const expected = feed([whole]);

  test('the stream is what it should be', () => {
    const errors = expected.rows.map((row) => row.error).filter((error) => error !== null);
    expect(expected.rows.length).toBe(25);
    expect(errors).toEqual(['UNKNOWN_COMMAND', 'MALFORMED', 'KEY_TOO_LARGE']);
  });

  test('byte by byte gives the same rows', () => {
    const bytes = splitEvery(whole.subarray(0, stream.length + 60), 1);
    const pieces = [...bytes, ...splitEvery(whole.subarray(stream.length + 60), 997)];
    expect(feed(pieces).rows).toEqual(expected.rows);
  });

  test('every single cut gives the same rows', () => {
    for (let cut = 1; cut < stream.length; cut++) {
      expect(feed(split(stream, [cut])).rows).toEqual(expected.rows.slice(0, -4));
    }
  });

  test('random cuts give the same rows', () => {
    const prng = newPrng([1, 2]);
    for (let round = 0; round < 200; round++) {
      const cuts = Array.from({ length: nextBelow(prng, 60) }, () => nextBelow(prng, whole.length));
      const { rows } = feed(
        split(
          whole,
          cuts.sort((left, right) => left - right),
        ),
      );
      expect(rows).toEqual(expected.rows);
    }
  });
});

test('rows and commands grow as far as a turn needs', () => {
  const frames = Array.from({ length: 1000 }, (_, seq) =>
    request({ command: REQUEST.PUT, seq, key: text(`key ${seq}`), value: new Uint8Array(200) }),
  );
  const { rows } = feed([concatBytes(frames)]);
  expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: 1000 }, (_, seq) => seq));
  for (const [seq, row] of rows.entries()) {
    expect(row.key).toBe(toHex(text(`key ${seq}`)));
    expect(partsOf(fromHex(row.bytes))!.key).toEqual(text(`key ${seq}`));
  }
});

test('one outbox serves many connections, each with a frame of its own half come', () => {
  const out = new ProtocolOut();
  const states = [1, 2, 3].map((connection) => protocol.init({ connection, mode: 'unknown' }));
  const frames = states.map((_, n) =>
    request({ command: REQUEST.GET, seq: n, key: text(`k${n}`) }),
  );
  for (let at = 0; at < frames[0]!.length; at++) {
    for (const [n, state] of states.entries()) {
      const bytes = frames[n]!.subarray(at, at + 1);
      protocol.step(state, { kind: 'received', bytes }, millis(0), out);
    }
  }
  const transcript = newTranscript();
  record(out, transcript);
  expect(transcript.rows.map((row) => [row.connection, row.seq, row.key])).toEqual([
    [1, 0, toHex(text('k0'))],
    [2, 1, toHex(text('k1'))],
    [3, 2, toHex(text('k2'))],
  ]);
});
