/**
 * Power cuts. A little node saves one snapshot after another and writes its marks as a WAL would;
 * the power goes after every possible number of disk operations, with unsynced bytes and names
 * kept, lost or mixed. What the newest durable mark names must load, as it was.
 */
import { describe, expect, test } from 'vitest';
import { newPrng, nextChance, type Prng } from '../../base/prng.ts';
import { logIndex, term } from '../../base/units.ts';
import { encodeChunk, MESSAGE_TYPE } from './message.ts';
import { wantsBytes } from './state.ts';
import type { CrashMode } from './test-disk.ts';
import { bodyOf, contentOf, fileOf, member, metaAt, SMALL, TestNode } from './test-node.ts';

const CONTENT_BYTES = 500;
const FIRST = 5;

/** The newest mark that is durable, as a WAL beside it would have it. */
interface Marks {
  durable: number;
  /** Of snapshots that are durable and have no durable mark yet. */
  readonly waiting: number[];
}

function begin(seed: number): { readonly node: TestNode; readonly marks: Marks } {
  const node = new TestNode(seed, { ...SMALL, writeBytesMax: 128, unsyncedBytesMax: 256 });
  const marks: Marks = { durable: FIRST, waiting: [] };
  node.open(0);
  node.save(FIRST, contentOf(FIRST, CONTENT_BYTES));
  node.observe = (out) => {
    if (out.saved !== null) marks.waiting.push(out.saved.index);
    if (out.received !== null) marks.waiting.push(out.received.meta.index);
  };
  return { node, marks };
}

/** Some marks become durable, and what is older may go. */
function writeMarks(node: TestNode, marks: Marks, prng: Prng): void {
  while (marks.waiting.length > 0 && nextChance(prng, 1, 2)) {
    const index = marks.waiting.shift()!;
    if (node.state.receipt?.identity.index === index) {
      node.step({ kind: 'installed', index: logIndex(index) });
    }
    if (index <= marks.durable) continue;
    marks.durable = index;
    node.release(index);
  }
}

/** Keeps both lanes busy; false once both are through. */
function feed(node: TestNode, index: number, run: { fed: number; sent: number }): boolean {
  const content = contentOf(index, CONTENT_BYTES);
  if (run.fed === 0) node.step({ kind: 'save-begin', meta: metaAt(index) });
  if (run.fed < CONTENT_BYTES && wantsBytes(node.state)) {
    node.step({ kind: 'save', bytes: content.subarray(run.fed, run.fed + 125) });
    run.fed += 125;
    if (run.fed === CONTENT_BYTES) node.step({ kind: 'save-end' });
  }
  run.sent = sendTo(node, index + 1, run.sent);
  return node.disk.waiting > 0 || run.fed < CONTENT_BYTES;
}

function sendTo(node: TestNode, index: number, sent: number): number {
  const { bytes, identity } = fileOf(index, contentOf(index, CONTENT_BYTES));
  if (sent === bytes.length) return sent;
  const data = bytes.subarray(sent, sent + 128);
  const chunk = { leaderTerm: term(3), identity, offset: sent, round: 1, data };
  const body = bodyOf(encodeChunk(chunk));
  const commitIndex = logIndex(1);
  const type = MESSAGE_TYPE.CHUNK;
  node.step({ kind: 'message', from: member(9), type, body, commitIndex, term: term(3) });
  return sent + data.length;
}

/** Runs until `operations` are done, cuts the power, and looks. Answers how many there were. */
function runAndCrash(seed: number, operations: number, mode: CrashMode): number {
  const { node, marks } = begin(seed);
  const prng = newPrng([seed, operations]);
  let done = 0;
  for (const index of [9, 12]) {
    const run = { fed: 0, sent: 0 };
    while (feed(node, index, run) && done < operations) {
      if (node.stepDisk(true)) done++;
      writeMarks(node, marks, prng);
    }
  }
  expect(node.state.failure).toBe(null);
  node.disk.crash(mode);
  examine(node, marks.durable);
  return done;
}

function examine(node: TestNode, mark: number): void {
  node.observe = () => {};
  node.restart(mark);
  const { end, content } = node.load(mark);
  expect(end.failure).toBe(null);
  expect(content).toEqual(contentOf(mark, CONTENT_BYTES));
  for (const { index } of node.state.files) expect(index).toBeLessThanOrEqual(mark);
  expect(node.names().every((name) => name.endsWith('.snapshot'))).toBe(true);
  expect(node.save(20, contentOf(20, 300))).toBe(true);
  node.release(20);
  node.settle();
  expect(node.names().length).toBe(1);
}

describe('the power goes', () => {
  test.each(['keep', 'lose', 'mix'] as const)('at any disk operation; unsynced: %s', (mode) => {
    const seeds = mode === 'mix' ? [1, 2, 3, 4, 5, 6] : [1];
    for (const seed of seeds) {
      let operations = 0;
      while (runAndCrash(seed, operations, mode) === operations) operations++;
      expect(operations).toBeGreaterThan(30);
    }
  });
});
