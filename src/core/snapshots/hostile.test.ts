/**
 * Whatever peers say and whenever the disk answers: no step throws, every invariant holds, and a
 * snapshot that is in force stays loadable.
 */
import { describe, expect, test } from 'vitest';
import {
  newPrng,
  nextBelow,
  nextBetween,
  nextChance,
  nextWord,
  type Prng,
} from '../../base/prng.ts';
import { logIndex, millis, term } from '../../base/units.ts';
import { replay } from '../core.ts';
import type { SnapshotsEvent } from './event.ts';
import { encodeAnswer, encodeChunk, MESSAGE_TYPE, VERDICTS } from './message.ts';
import { newSnapshotsOut } from './out.ts';
import { wantsBytes } from './state.ts';
import { snapshots } from './step.ts';
import { bodyOf, contentOf, fileOf, member, metaAt, SMALL, TestNode } from './test-node.ts';

const FILES = [8, 9, 10, 11].map((index) => fileOf(index, contentOf(index, 400)));

function anyChunk(prng: Prng): Uint8Array {
  const { bytes, identity } = FILES[nextBelow(prng, FILES.length)]!;
  const offset = nextBelow(prng, 10) * 64;
  const at = Math.min(offset, bytes.length);
  const data = bytes.slice(at, at + 64 * nextBetween(prng, 1, 3));
  if (nextChance(prng, 1, 40) && data.length > 0) data[0]! ^= 255;
  const leaderTerm = term(nextBetween(prng, 2, 5));
  return bodyOf(encodeChunk({ leaderTerm, identity, offset: at, round: nextBelow(prng, 4), data }));
}

function anyAnswer(prng: Prng, node: TestNode): Uint8Array {
  const transfer = node.state.transfers[nextBelow(prng, 3)];
  const header = transfer?.file?.header;
  return bodyOf(
    encodeAnswer({
      index: header?.meta.index ?? logIndex(5),
      fileCrc: header?.fileCrc ?? nextWord(prng),
      offset: nextBelow(prng, 900),
      round: Math.max(0, (transfer?.round ?? 0) - nextBelow(prng, 3)),
      verdict: VERDICTS[nextBelow(prng, VERDICTS.length)]!,
    }),
  );
}

/** What an honest sender would send next; null if none is at it. */
function nextMessage({ state }: TestNode): SnapshotsEvent | null {
  const { receipt } = state;
  const file = FILES.find(({ identity }) => identity.index === receipt?.identity.index);
  if (receipt === null || file === undefined) return null;
  const { from, identity, leaderTerm, round, acceptedBytes: offset } = receipt;
  const data = file.bytes.slice(offset, offset + 128);
  const body = bodyOf(encodeChunk({ leaderTerm, identity, offset, round, data }));
  const commitIndex = logIndex(7);
  const type = MESSAGE_TYPE.CHUNK;
  return { kind: 'message', from, type, body, commitIndex, term: term(3) };
}

function anyMessage(prng: Prng, node: TestNode): SnapshotsEvent {
  const isChunk = nextChance(prng, 1, 2);
  const body = isChunk ? anyChunk(prng) : anyAnswer(prng, node);
  const isCut = nextChance(prng, 1, 20);
  return {
    kind: 'message',
    from: member(nextBetween(prng, 2, 4)),
    type: isChunk ? MESSAGE_TYPE.CHUNK : MESSAGE_TYPE.ANSWER,
    body: isCut ? body.subarray(0, nextBelow(prng, body.length)) : body,
    commitIndex: logIndex(nextChance(prng, 1, 9) ? 9 : 7),
    term: term(3),
  };
}

function anyEvent(prng: Prng, node: TestNode): SnapshotsEvent | null {
  const { receipt } = node.state;
  switch (nextBelow(prng, 24)) {
    case 0:
      return { kind: 'send', to: member(nextBetween(prng, 2, 4)), term: term(3) };
    case 1:
      return nextChance(prng, 1, 8) ? { kind: 'cancel-sends' } : { kind: 'tick' };
    case 2:
      return { kind: 'load', index: logIndex(5) };
    case 3:
      return nextChance(prng, 1, 4) ? { kind: 'save-begin', meta: metaAt(6) } : null;
    case 4:
      return wantsBytes(node.state) ? { kind: 'save', bytes: contentOf(6, 90) } : null;
    case 5:
      if (nextChance(prng, 1, 2)) return null;
      return nextChance(prng, 1, 4) ? { kind: 'save-abort' } : { kind: 'save-end' };
    case 6: {
      if (receipt?.phase !== 'landed') return null;
      const { index } = receipt.identity;
      return nextChance(prng, 1, 3) ? { kind: 'installed', index } : { kind: 'rejected', index };
    }
    case 7:
    case 8:
    case 9:
    case 10:
      return anyMessage(prng, node);
    default:
      return nextMessage(node);
  }
}

/** Runs `steps` steps; answers what went in, for a replay. */
function run(seed: number, steps: number): { node: TestNode; outs: string[] } {
  const prng = newPrng([seed]);
  const node = new TestNode(1);
  const outs: string[] = [];
  node.open(0);
  node.save(5, contentOf(5, 700));
  node.observe = (out) => outs.push(JSON.stringify(out));
  for (let step = 0; step < steps; step++) {
    node.now = millis(node.now + nextBelow(prng, 200));
    if (nextChance(prng, 1, 2)) node.stepDisk(true);
    const event = anyEvent(prng, node);
    if (event !== null) node.step(event);
  }
  return { node, outs };
}

describe('hostile company', () => {
  test('breaks nothing', () => {
    let landed = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const { node } = run(seed, 600);
      node.settle();
      node.observe = () => {};
      expect(node.state.failure).toBe(null);
      expect(node.load(5).content).toEqual(contentOf(5, 700));
      landed += node.state.files.filter(({ index }) => index > 6).length;
      for (const { index } of node.state.files.filter((file) => file.standing === 'received')) {
        expect(node.load(index).content).toEqual(contentOf(index, 400));
      }
    }
    expect(landed).toBeGreaterThan(3);
  });

  test('the same events give the same outboxes', () => {
    expect(run(3, 300).outs).toEqual(run(3, 300).outs);
    const events = [{ now: millis(0), event: { kind: 'open', mark: logIndex(0) } as const }];
    replay(snapshots, SMALL, events, newSnapshotsOut, (_, out) => {
      expect(out.submissions).toEqual([{ ticket: 1, operation: { kind: 'list' } }]);
    });
  });
});
