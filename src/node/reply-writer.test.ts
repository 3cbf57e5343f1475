/** How replies leave: in order, and in one piece where nothing stands between them. */
import { describe, expect, test } from 'vitest';
import { asciiBytes } from '../base/text.ts';
import { millis } from '../base/units.ts';
import { newRequestView, writeRequest } from '../core/protocol/client.ts';
import { FrameWriter } from '../core/protocol/frame-writer.ts';
import { ReplyReader } from '../core/protocol/replies.ts';
import { FLAG, REPLY, REQUEST } from '../core/protocol/wire.ts';
import { PLAIN_ROOM } from '../core/protocol/writer.ts';
import { ResultLane } from '../core/results.ts';
import { STATUS } from '../core/types.ts';
import { Connections } from './connections.ts';

const NONE = new Uint8Array(0);
const limits = {
  connectionsMax: 9,
  pipelineMax: 4096,
  unsentBytesMax: 1e6,
  unsentTotalBytesMax: 1e7,
  slowReaderMs: 1000,
};

class Fixture {
  readonly sent: Uint8Array[] = [];
  readonly lane = new ResultLane(PLAIN_ROOM);
  readonly connections: Connections;
  readonly #writer = new FrameWriter(0);
  readonly #view = newRequestView();
  #asked = 0;

  constructor(keepsBytes = true) {
    const net = {
      keepsBytes,
      sendPeer: () => {},
      sendGossip: () => {},
      send: (_: number, bytes: Uint8Array) => void this.sent.push(bytes),
      unsentBytes: () => 0,
      pause: () => {},
      resume: () => {},
      close: () => {},
    };
    const local = {
      server: 'test',
      metrics: () => ({ opsGet: 0, opsPut: 0, p99GetMicros: 0, p99PutMicros: 0 }),
      addressOf: () => null,
    };
    this.connections = new Connections({ nodeId: 1, net, limits, local });
    this.connections.open(1);
  }

  /** Opens slots for requests, one behind the other. */
  ask(...requests: readonly { command: number; flags?: number }[]): void {
    for (const { command, flags = 0 } of requests) {
      this.#view.command = command;
      this.#view.flags = flags;
      this.#view.seq = this.#asked++;
      this.#view.key = asciiBytes('key');
      writeRequest(this.#writer, this.#view);
    }
    this.connections.receive(1, this.#writer.take(), millis(1));
    const { out } = this.connections;
    const connection = this.connections.find(1)!;
    for (let row = 0; row < out.requests.count; row++) this.connections.openSlot(connection, row);
    out.clear();
  }

  answer(slot: number, status: number, value: Uint8Array): void {
    this.lane.push(status, 1, value, 0, value.length);
    this.connections.complete(1, slot, this.lane, this.lane.count - 1);
  }

  /** The end of a turn: replies that left, in how many pieces. */
  flush(): { pieces: number; replies: [number, number, string][] } {
    this.connections.flush(millis(1));
    const reader = new ReplyReader();
    for (const bytes of this.sent) reader.receive(bytes);
    expect(reader.broken).toBe(false);
    const replies = Array.from({ length: reader.count }, (_, row): [number, number, string] => [
      reader.seq[row]!,
      reader.command[row]!,
      String.fromCharCode(...reader.value(row)),
    ]);
    const pieces = this.sent.splice(0).length;
    this.lane.clear();
    return { pieces, replies };
  }
}

const get = { command: REQUEST.GET };

describe('replies', () => {
  test('to a batch of plain GETs leave in one piece, values and absences alike', () => {
    const fixture = new Fixture();
    fixture.ask(get, get, get, get);
    fixture.answer(0, STATUS.VALUE, asciiBytes('first'));
    fixture.answer(1, STATUS.NOT_FOUND, NONE);
    fixture.answer(2, STATUS.VALUE, asciiBytes('x'.repeat(300)));
    fixture.answer(3, STATUS.VALUE, asciiBytes('last'));
    expect(fixture.flush()).toEqual({
      pieces: 1,
      replies: [
        [0, REPLY.VALUE, 'first'],
        [1, REPLY.NOT_FOUND, ''],
        [2, REPLY.VALUE, 'x'.repeat(300)],
        [3, REPLY.VALUE, 'last'],
      ],
    });
  });

  test('of other forms keep their places among them', () => {
    const fixture = new Fixture();
    fixture.ask(
      get,
      { command: REQUEST.GET, flags: FLAG.TYPED },
      get,
      { command: REQUEST.PUT },
      get,
      get,
    );
    fixture.answer(0, STATUS.VALUE, asciiBytes('a'));
    fixture.answer(1, STATUS.VALUE, asciiBytes('b'));
    fixture.answer(2, STATUS.VALUE, NONE);
    fixture.answer(3, STATUS.OK, NONE);
    fixture.connections.refuse(1, 4, { code: 'UNAVAILABLE', detail: 'x' });
    fixture.answer(5, STATUS.VALUE, asciiBytes('c'));
    const { replies } = fixture.flush();
    expect(replies.map(([seq]) => seq)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(replies.map(([, command]) => command)).toEqual([
      ...[REPLY.VALUE, REPLY.RESULT, REPLY.VALUE, REPLY.OK, REPLY.ERROR, REPLY.VALUE],
    ]);
    expect(replies.map(([, , value]) => value).filter((value) => value.length === 1)).toEqual([
      ...['a', 'b', 'c'],
    ]);
  });

  test('that must wait for one before them say what they would have said', () => {
    const fixture = new Fixture();
    fixture.ask(get, get, get);
    fixture.answer(1, STATUS.VALUE, asciiBytes('early'));
    expect(fixture.flush().replies).toEqual([]);
    fixture.answer(2, STATUS.VALUE, asciiBytes('later'));
    fixture.answer(0, STATUS.VALUE, asciiBytes('first'));
    expect(fixture.flush().replies.map(([seq, , value]) => [seq, value])).toEqual([
      [0, 'first'],
      [1, 'early'],
      [2, 'later'],
    ]);
  });

  test('are written over once they were copied, in the memory that is there', () => {
    const fixture = new Fixture(false);
    const memories = new Set<unknown>();
    for (let turn = 0; turn < 50; turn++) {
      fixture.ask(get);
      fixture.answer(turn, STATUS.VALUE, new Uint8Array(20_000).fill(turn));
      expect(fixture.sent).toEqual([]);
      fixture.connections.flush(millis(1));
      const [bytes] = fixture.sent.splice(0);
      expect(bytes!.at(-1)).toBe(turn);
      memories.add(bytes!.buffer);
      fixture.lane.clear();
    }
    expect(memories.size).toBe(1);
  });

  test('are frozen once they have left: later turns write elsewhere', () => {
    const fixture = new Fixture();
    const left: { bytes: Uint8Array; copy: Uint8Array }[] = [];
    for (let turn = 0; turn < 50; turn++) {
      fixture.ask(get);
      fixture.answer(turn, STATUS.VALUE, new Uint8Array(20_000).fill(turn));
      fixture.connections.flush(millis(1));
      for (const bytes of fixture.sent.splice(0)) left.push({ bytes, copy: bytes.slice() });
      fixture.lane.clear();
    }
    expect(left.length).toBe(50);
    expect(left.every(({ bytes, copy }) => bytes.every((byte, at) => byte === copy[at]))).toBe(
      true,
    );
  });
});
