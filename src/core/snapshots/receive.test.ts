/** A lone receiver, message by message. */
import { describe, expect, test } from 'vitest';
import { logIndex, term } from '../../base/units.ts';
import { type Chunk, decodeAnswer, encodeChunk, MESSAGE_TYPE } from './message.ts';
import { bodyOf, contentOf, fileOf, member, SMALL, straysOf, TestNode } from './test-node.ts';

const INDEX = 7;

/** The answers of a lone receiver to what it was sent. */
class Receiver {
  readonly node = new TestNode(2);
  readonly answers: string[] = [];
  readonly received: number[] = [];
  commitIndex = logIndex(0);
  currentTerm = term(3);

  constructor() {
    this.node.open(0);
    this.node.observe = (out) => {
      for (const { parts } of out.messages) {
        const { verdict, offset, round } = decodeAnswer(bodyOf(parts))!;
        this.answers.push(`${verdict} ${offset} in ${round}`);
      }
      if (out.received !== null) this.received.push(out.received.meta.index);
    };
  }

  take(chunk: Partial<Chunk> & Pick<Chunk, 'identity' | 'data' | 'offset'>, from = 1): void {
    const whole: Chunk = { leaderTerm: term(3), round: 1, ...chunk };
    this.takeBody(bodyOf(encodeChunk(whole)), from);
  }

  takeBody(body: Uint8Array, from = 1): void {
    const { commitIndex, currentTerm } = this;
    const type = MESSAGE_TYPE.CHUNK;
    this.node.step({
      kind: 'message',
      from: member(from),
      type,
      body,
      commitIndex,
      term: currentTerm,
    });
  }

  takeAnswers(): string[] {
    return this.answers.splice(0);
  }
}

const FILE = fileOf(INDEX, contentOf(INDEX, 300));
const piece = (from: number, to = from + 100, file = FILE) => ({
  identity: file.identity,
  offset: from,
  data: file.bytes.subarray(from, to),
});

describe('a receiver', () => {
  test('counts what is written, and says where to go on when a chunk is out of place', () => {
    const receiver = new Receiver();
    receiver.take(piece(0));
    expect(receiver.takeAnswers()).toEqual([]);
    receiver.take(piece(200));
    expect(receiver.takeAnswers()).toEqual(['wanted 100 in 1']);
    receiver.node.settle();
    expect(receiver.takeAnswers()).toEqual(['held 100 in 1']);
    receiver.take({ ...piece(0), round: 2 });
    expect(receiver.takeAnswers()).toEqual(['held 100 in 2']);
  });

  test('takes a short chunk for what it is (S12)', () => {
    const receiver = new Receiver();
    receiver.take(piece(0, 61));
    receiver.node.settle();
    expect(receiver.takeAnswers()).toEqual(['held 61 in 1']);
    receiver.take(piece(61, 100));
    receiver.take(piece(100, FILE.bytes.length));
    receiver.node.settle();
    expect(receiver.received).toEqual([INDEX]);
    const cut = bodyOf(encodeChunk({ leaderTerm: term(3), round: 1, ...piece(0) })).slice(0, -8);
    const lone = new Receiver();
    lone.takeBody(cut);
    expect(lone.node.state.receipt).toBe(null);
  });

  test('says installed only when the caller has it in force', () => {
    const receiver = new Receiver();
    receiver.take(piece(0, FILE.bytes.length));
    receiver.node.settle();
    expect(receiver.received).toEqual([INDEX]);
    receiver.takeAnswers();
    const end = { ...piece(FILE.bytes.length), round: 5 };
    receiver.take(end);
    expect(receiver.takeAnswers()).toEqual([`held ${FILE.bytes.length} in 5`]);
    expect(receiver.node.load(INDEX).content).toEqual(contentOf(INDEX, 300));
    receiver.node.step({ kind: 'installed', index: logIndex(INDEX) });
    expect(receiver.takeAnswers()).toEqual([`installed ${FILE.bytes.length} in 5`]);
    receiver.commitIndex = logIndex(INDEX);
    receiver.take(end);
    expect(receiver.takeAnswers()).toEqual([`installed ${FILE.bytes.length} in 5`]);
  });

  test('removes what the caller rejects', () => {
    const receiver = new Receiver();
    receiver.take(piece(0, FILE.bytes.length));
    receiver.node.settle();
    receiver.takeAnswers();
    receiver.node.step({ kind: 'rejected', index: logIndex(INDEX) });
    expect(receiver.takeAnswers()).toEqual(['refused 0 in 1']);
    receiver.node.settle();
    expect(receiver.node.names()).toEqual([]);
  });

  test('is not moved by what an older leader or an older transfer still sends', () => {
    const receiver = new Receiver();
    const newer = fileOf(9, contentOf(9, 300));
    receiver.take({ ...piece(0), leaderTerm: term(4) }, 1);
    receiver.take({ ...piece(0, 100, newer), leaderTerm: term(3) }, 3);
    receiver.take({ ...piece(100, 200, newer), leaderTerm: term(5) }, 3);
    receiver.node.settle();
    expect(receiver.takeAnswers()).toEqual(['wanted 0 in 1', 'held 100 in 1']);
    expect(receiver.node.state.receipt!.from).toEqual(member(1));
    receiver.take({ ...piece(0, 100, newer), leaderTerm: term(4) }, 1);
    receiver.take({ ...piece(100, 200), leaderTerm: term(4) }, 1);
    receiver.node.settle();
    expect(receiver.node.state.receipt!.identity.index).toBe(9);
    receiver.take({ ...piece(100, newer.bytes.length, newer), leaderTerm: term(4) }, 1);
    receiver.node.settle();
    expect(receiver.received).toEqual([9]);
    expect(receiver.node.load(9).content).toEqual(contentOf(9, 300));
  });

  test('turns to the leader of a higher term at any of its steps', () => {
    for (let steps = 0; steps < 12; steps++) {
      const receiver = new Receiver();
      const newer = fileOf(9, contentOf(9, 300));
      receiver.take(piece(0, FILE.bytes.length));
      receiver.node.settle(steps);
      receiver.take({ ...piece(0, newer.bytes.length, newer), leaderTerm: term(5) }, 3);
      receiver.node.settle();
      const [index] = receiver.received;
      expect(receiver.received.length).toBe(1);
      expect(receiver.node.load(index!).end.failure).toBe(null);
      expect(straysOf(receiver.node)).toEqual([]);
    }
  });

  test('answers for what is written, not for what waits', () => {
    const receiver = new Receiver();
    receiver.take(piece(0, 200));
    receiver.take(piece(200, 400));
    while (receiver.answers.length === 0) receiver.node.stepDisk();
    expect(receiver.takeAnswers()).toEqual(['held 200 in 1']);
    receiver.node.settle();
    expect(receiver.takeAnswers()).toEqual(['held 400 in 1']);
  });

  test('drops what finds no room, and asks for it when there is some', () => {
    const receiver = new Receiver();
    const large = fileOf(INDEX, contentOf(INDEX, 2_000));
    for (const at of [0, 200, 400]) receiver.take(piece(at, at + 200, large));
    expect(receiver.node.state.receipt!.acceptedBytes).toBe(400);
    while (receiver.answers.length === 0) receiver.node.stepDisk();
    expect(receiver.takeAnswers()).toEqual(['wanted 400 in 1']);
  });

  test('keeps no part of the frame that a chunk came in', () => {
    const receiver = new Receiver();
    const whole = { leaderTerm: term(3), round: 1, ...piece(0, FILE.bytes.length) };
    const body = bodyOf(encodeChunk(whole));
    receiver.takeBody(body);
    body.fill(0xee);
    receiver.node.settle();
    expect(receiver.node.load(INDEX).content).toEqual(contentOf(INDEX, 300));
  });

  test('keeps a rejected file that took the place of the one in force', () => {
    const receiver = new Receiver();
    receiver.node.save(INDEX, contentOf(INDEX, 700));
    receiver.take(piece(0, FILE.bytes.length));
    receiver.node.settle();
    receiver.node.step({ kind: 'rejected', index: logIndex(INDEX) });
    receiver.node.settle();
    receiver.node.restart(INDEX);
    expect(receiver.node.load(INDEX).content).toEqual(contentOf(INDEX, 300));
  });

  test('names no file while the old one of that name is being removed', () => {
    const receiver = new Receiver();
    receiver.take(piece(0, FILE.bytes.length));
    receiver.node.settle();
    receiver.node.disk.isHeld = (operation) =>
      operation.kind === 'remove' && operation.file.endsWith('.snapshot');
    receiver.node.step({ kind: 'rejected', index: logIndex(INDEX) });
    receiver.take(piece(0, FILE.bytes.length));
    receiver.node.settle();
    expect(receiver.received).toEqual([INDEX]);
    receiver.node.disk.isHeld = () => false;
    receiver.node.settle();
    expect(receiver.received).toEqual([INDEX, INDEX]);
    expect(receiver.node.load(INDEX).content).toEqual(contentOf(INDEX, 300));
  });

  test('gives a receipt up when the disk is full, and says so', () => {
    const receiver = new Receiver();
    receiver.node.disk.fault = ({ kind }) => (kind === 'write' ? 'ENOSPC' : null);
    receiver.take(piece(0));
    receiver.node.settle();
    expect(receiver.takeAnswers()).toEqual(['refused 0 in 1']);
    expect(receiver.node.names()).toEqual([]);
    expect(receiver.node.state.failure).toBe(null);
  });

  test('does not keep what arrived other than announced', () => {
    const receiver = new Receiver();
    const wrong = FILE.bytes.slice();
    wrong[200]! ^= 1;
    receiver.take({ ...piece(0), data: wrong });
    receiver.node.settle();
    expect(receiver.takeAnswers().at(-1)).toBe('damaged 0 in 1');
    const other = fileOf(INDEX, contentOf(1, 300));
    receiver.take({ ...piece(0), data: other.bytes });
    receiver.node.settle();
    expect(receiver.takeAnswers().at(-1)).toBe('damaged 0 in 1');
    expect(receiver.received).toEqual([]);
    expect(receiver.node.names()).toEqual([]);
  });

  test('drops a receipt whose sender fell silent, and its file with it', () => {
    const receiver = new Receiver();
    receiver.take(piece(0));
    receiver.node.settle();
    expect(receiver.node.names()).toEqual(['snapshot-1-incoming.tmp']);
    receiver.node.now = (receiver.node.now + SMALL.receiptIdleMs) as typeof receiver.node.now;
    receiver.node.step({ kind: 'tick' });
    receiver.node.settle();
    expect(receiver.node.names()).toEqual([]);
    expect(receiver.node.state.receipt).toBe(null);
  });

  test('stops a receipt that Raft has overtaken', () => {
    const receiver = new Receiver();
    receiver.take(piece(0));
    receiver.node.settle();
    receiver.takeAnswers();
    receiver.commitIndex = logIndex(INDEX);
    receiver.take(piece(100));
    expect(receiver.takeAnswers()).toEqual([`installed ${FILE.bytes.length} in 1`]);
    receiver.node.settle();
    expect(receiver.node.names()).toEqual([]);
  });
});

test('what has the same index is not named while our own is: it has its name last', () => {
  const receiver = new Receiver();
  const { node } = receiver;
  let isOursHeld = true;
  node.disk.isHeld = (operation) =>
    isOursHeld && operation.kind === 'rename' && !operation.source.includes('incoming');
  node.save(INDEX, contentOf(1, 300));
  for (let at = 0; at < FILE.bytes.length; at += 100) {
    receiver.take(piece(at));
    node.settle();
  }
  expect(receiver.received).toEqual([]);
  isOursHeld = false;
  node.settle();
  expect([node.saved, receiver.received]).toEqual([INDEX, [INDEX]]);
  expect(node.load(INDEX).content).toEqual(contentOf(INDEX, 300));
});

test('a file that is not wanted is not removed by the name that our own is about to take', () => {
  const receiver = new Receiver();
  const { node } = receiver;
  for (let at = 0; at < FILE.bytes.length; at += 100) {
    receiver.take(piece(at));
    node.settle();
  }
  expect(receiver.received).toEqual([INDEX]);
  let isHeld = true;
  node.disk.isHeld = ({ kind }) => isHeld && kind === 'rename';
  node.save(INDEX, contentOf(1, 300));
  node.step({ kind: 'rejected', index: logIndex(INDEX) });
  isHeld = false;
  node.settle();
  expect(node.saved).toBe(INDEX);
  expect(node.load(INDEX).content).toEqual(contentOf(1, 300));
  expect(straysOf(node)).toEqual([]);
});
