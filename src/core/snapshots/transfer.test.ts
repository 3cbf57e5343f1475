/** Whole transfers between nodes, over good and bad networks. */
import { describe, expect, test } from 'vitest';
import { logIndex, term } from '../../base/units.ts';
import { type Chunk, decodeChunk, encodeAnswer, MESSAGE_TYPE } from './message.ts';
import { bodyOf, contentOf, member, metaAt, SMALL, TestNode } from './test-node.ts';
import { CALM, STORM, TestWorld } from './test-world.ts';

const INDEX = 7;
const CONTENT = contentOf(INDEX, 6_000);

function worldWith(options: { seed?: number; weather?: typeof CALM; config?: typeof SMALL } = {}) {
  const { seed = 1, weather = CALM, config = SMALL } = options;
  const world = new TestWorld(seed, weather, config);
  world.at(1).node.save(INDEX, CONTENT);
  return world;
}

const chunksOf = (world: TestWorld): Chunk[] =>
  world.posted
    .filter(({ type }) => type === MESSAGE_TYPE.CHUNK)
    .map(({ body }) => decodeChunk(body)!);

describe('a transfer', () => {
  test('brings the file to who lags, byte for byte, and its configuration with it', () => {
    const world = worldWith();
    world.serve([2], () => world.isInstalled(2));
    expect(world.at(2).content).toEqual(CONTENT);
    expect(world.sent).toEqual([{ to: member(2), index: INDEX, isInstalled: true }]);
    const { node } = world.at(2);
    expect(node.state.files[0]!.header!.meta).toEqual(metaAt(INDEX));
    expect(node.names().length).toBe(1);
    const sizes = new Set(chunksOf(world).map(({ data }) => data.length));
    expect(Math.max(...sizes)).toBe(SMALL.chunkBytesMax);
  });

  test('outlives loss, repetition and reordering, to several receivers at once', () => {
    for (let seed = 1; seed <= 25; seed++) {
      const world = worldWith({ seed, weather: STORM });
      const targets = [2, 3, 4];
      world.serve(targets, () => targets.every((id) => world.isInstalled(id)), 200_000);
      for (const id of targets) expect(world.at(id).content).toEqual(CONTENT);
    }
  });

  test('begins anew when the receiver lost what it held (S13)', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const world = worldWith({ seed, weather: seed % 2 === 0 ? STORM : CALM });
      const half = (): boolean => (world.at(2).node.state.receipt?.acceptedBytes ?? 0) > 2_000;
      world.serve([2], half);
      const before = world.posted.length;
      world.crash(2, 0);
      world.serve([2], () => world.isInstalled(2));
      expect(world.at(2).content).toEqual(CONTENT);
      const again = world.posted.slice(before).filter(({ type }) => type === MESSAGE_TYPE.CHUNK);
      expect(again.some(({ body }) => decodeChunk(body)!.offset === 0)).toBe(true);
    }
  });

  test('goes on where the receiver stands when the sender starts again', () => {
    const world = worldWith();
    const half = (): boolean => (world.at(2).node.state.receipt?.acceptedBytes ?? 0) > 3_000;
    world.serve([2], half);
    world.crash(1, INDEX);
    const before = chunksOf(world).length;
    world.serve([2], () => world.isInstalled(2));
    expect(world.at(2).content).toEqual(CONTENT);
    const bytes = chunksOf(world)
      .slice(before)
      .reduce((sum, { data }) => sum + data.length, 0);
    expect(bytes).toBeLessThan(4_000);
  });

  test('outlives a crash of either side at any moment', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = worldWith({ seed, weather: STORM });
      let crashes = 0;
      const isDone = (): boolean => {
        if (crashes < 4 && world.now > 0 && world.now % 170 === 0) {
          crashes++;
          if ((seed + crashes) % 2 === 0) world.crash(1, INDEX);
          else world.crash(2, world.at(2).commitIndex);
        }
        return world.isInstalled(2);
      };
      world.serve([2], isDone, 200_000);
      expect(world.at(2).content).toEqual(CONTENT);
    }
  });

  test('keeps its file when a newer one is saved, and lets it go at its end', () => {
    const world = worldWith();
    const { node } = world.at(1);
    world.serve([2], () => world.posted.length > 20);
    node.save(9, contentOf(9, 500));
    node.release(9);
    expect(node.state.files.map(({ index }) => index)).toEqual([INDEX, 9]);
    world.serve([2], () => world.isInstalled(2));
    expect(world.at(2).content).toEqual(CONTENT);
    node.settle();
    expect(node.state.files.map(({ index }) => index)).toEqual([9]);
    expect(node.names().length).toBe(1);
    world.serve([3], () => world.isInstalled(3));
    expect(world.at(3).content).toEqual(contentOf(9, 500));
  });

  test('never has more on its way than the window, nor more in memory than the buffer', () => {
    const world = worldWith({ config: { ...SMALL, bufferBytesMax: 256, windowBytesMax: 1_024 } });
    world.at(2).diskPerTick = 1;
    let largest = 0;
    world.serve([2], () => {
      const { node } = world.at(2);
      largest = Math.max(largest, node.state.incoming.landing?.queuedBytes ?? 0);
      return world.isInstalled(2);
    });
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThanOrEqual(256);
    expect(world.at(2).content).toEqual(CONTENT);
  });

  test('loses one chunk and pays with one window', () => {
    const weather = { ...CALM, delayMsMax: 1 };
    const whole = worldWith({ weather });
    whole.serve([2], () => whole.isInstalled(2));
    const world = worldWith({ weather });
    world.serve([2], () => chunksOf(world).length > 20);
    const lost = world.letters.findIndex(({ type }) => type === MESSAGE_TYPE.CHUNK);
    world.letters.splice(lost, 1);
    world.serve([2], () => world.isInstalled(2));
    const extra = chunksOf(world).length - chunksOf(whole).length;
    expect(extra).toBeLessThanOrEqual(SMALL.windowBytesMax / SMALL.chunkBytesMax);
  });

  test('steps back once, whatever answers from before the step still come', () => {
    const node = new TestNode(1);
    node.open(0);
    node.save(INDEX, CONTENT);
    let chunks = 0;
    node.observe = (out) => {
      chunks += out.messages.length;
    };
    node.send(member(2));
    node.settle();
    expect(chunks).toBe(4);
    const { fileCrc } = node.state.files[0]!.header!;
    const { round } = node.state.transfers[0]!;
    const index = logIndex(INDEX);
    const body = bodyOf(encodeAnswer({ index, fileCrc, offset: 128, round, verdict: 'wanted' }));
    const answer = { kind: 'message', from: member(2), type: MESSAGE_TYPE.ANSWER, body } as const;
    for (let repeat = 0; repeat < 3; repeat++) {
      node.step({ ...answer, commitIndex: index, term: term(3) });
      node.settle();
      expect(chunks).toBe(8);
    }
  });

  test('outlives the loss of everything in flight without being given up', () => {
    const world = worldWith();
    world.serve([2], () => chunksOf(world).length > 20);
    for (let tick = 0; tick < 20; tick++) {
      world.letters = [];
      world.tick();
    }
    const from = world.now;
    world.serve([2], () => world.isInstalled(2));
    expect(world.now - from).toBeLessThan(SMALL.giveUpMs / 2);
    expect(world.sent.length).toBe(1);
  });
});

describe('a sender', () => {
  test('gives the dead up, and serves the others meanwhile and afterwards (O77)', () => {
    const world = worldWith({ config: { ...SMALL, sendsMax: 1 } });
    world.at(2).isUp = false;
    world.serve([2, 3], () => world.isInstalled(3));
    expect(world.sent[0]).toEqual({ to: member(2), index: INDEX, isInstalled: false });
    expect(world.now).toBeLessThan(SMALL.giveUpMs * 2);
    world.at(2).isUp = true;
    world.serve([2], () => world.isInstalled(2));
    expect(world.at(2).content).toEqual(CONTENT);
  });

  test('lets who was given up queue behind who was not served yet', () => {
    const world = worldWith({ config: { ...SMALL, sendsMax: 1 } });
    world.at(2).isUp = false;
    world.at(3).isUp = false;
    world.serve([2, 3, 4], () => world.isInstalled(4), SMALL.giveUpMs * 2 + 3_000);
    expect(world.at(4).content).toEqual(CONTENT);
  });

  test('gives up who answers and gets nowhere', () => {
    const world = worldWith({ config: { ...SMALL, stallMs: 3_000 } });
    world.at(2).diskPerTick = 0;
    world.serve([2], () => world.sent.length > 0);
    expect(world.sent).toEqual([{ to: member(2), index: INDEX, isInstalled: false }]);
    expect(world.now).toBeLessThan(6_000);
  });

  test('drops everything when it leads no more', () => {
    const world = worldWith();
    world.serve([2], () => world.posted.length > 10);
    const { node } = world.at(1);
    node.step({ kind: 'cancel-sends' });
    world.letters = [];
    const before = chunksOf(world).length;
    for (let tick = 0; tick < 200; tick++) world.tick();
    expect(chunksOf(world).length).toBe(before);
    expect(world.sent).toEqual([]);
  });

  test('has nothing to send before it has a whole snapshot', () => {
    const world = new TestWorld(1);
    world.ask([2]);
    expect(world.at(1).node.state.transfers).toEqual([]);
  });

  test('gives a file that reads wrong to nobody, and asks for another', () => {
    const world = worldWith();
    const { node } = world.at(1);
    const complaints: number[] = [];
    const heed = node.observe;
    node.observe = (out) => {
      if (out.damaged > 0) complaints.push(out.damaged);
      heed(out);
    };
    node.disk.damage('snapshot-1-0000000000000007.snapshot', (bytes) => {
      bytes[3_000]! ^= 64;
      return bytes;
    });
    world.serve([2], () => complaints.length > 40);
    expect(world.sent).toEqual([{ to: member(2), index: INDEX, isInstalled: false }]);
    expect(world.at(2).content).toBe(null);
    node.save(8, contentOf(8, 400));
    world.serve([2], () => world.isInstalled(2));
    expect(world.at(2).content).toEqual(contentOf(8, 400));
  });

  test('is told at once that the snapshot is old news (E34)', () => {
    const world = worldWith();
    world.at(2).commitIndex = logIndex(INDEX);
    world.serve([2], () => world.isInstalled(2), 500);
    expect(world.at(2).node.names()).toEqual([]);
  });

  test('of an older term is refused', () => {
    const world = worldWith();
    world.at(2).currentTerm = 4;
    world.serve([2], () => world.sent.length > 0, 500);
    expect(world.sent[0]!.isInstalled).toBe(false);
    expect(world.at(2).node.names()).toEqual([]);
    const before = chunksOf(world).length;
    const rested = world.now + SMALL.retryMs - 100;
    world.serve([2], () => world.now >= rested);
    expect(chunksOf(world).length).toBe(before);
    world.serve([2], () => chunksOf(world).length > before, 500);
  });
});
