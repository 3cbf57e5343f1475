import { describe, expect, test } from 'vitest';
import { type NodeId, nodeId } from '../../src/base/units.ts';
import { drawWorldConfig, FAULT_CLASSES, type WorldConfig } from './config.ts';
import { Streams } from './streams.ts';
import { ToyNode } from './toy-node.ts';
import { firstDivergence, TraceRecorder } from './trace.ts';
import { withWalls } from './walls.ts';
import { World } from './world.ts';

const NODES = [1, 2, 3].map(nodeId);
const configOf = (seed: string): WorldConfig =>
  drawWorldConfig(new Streams(seed).stream('config'), []);

interface Run {
  readonly world: World;
  readonly recorder: TraceRecorder;
}

/** Two virtual seconds of toy nodes that crash, pause, lose their links and talk to a client. */
function run(seed: string, config: WorldConfig, newCount: (node: NodeId) => number): Run {
  const world = new World({
    seed,
    config,
    nodes: NODES,
    newDriver: (node, ports) =>
      new ToyNode({ node, ports, peers: NODES, periodMs: newCount(node), writes: true }),
    onFailure: () => {},
    mayDamage: () => true,
  });
  const recorder = new TraceRecorder(Number.POSITIVE_INFINITY);
  world.scheduler.recorder = recorder;
  world.startAll();
  const chaos = world.streams.stream('chaos');
  const client = { connected: () => {}, received: () => {}, closed: () => {} };
  for (let step = 0; step < 200; step++) {
    world.scheduler.runUntil((step + 1) * 10_000);
    const node = chaos.pick(NODES);
    const process = world.process(node);
    const actions = [
      () => process.crash(process.drawCrashKind()),
      () => process.start(),
      () => process.start(),
      () => process.pause(20_000),
      () => world.net.isolate(node),
      () => world.net.heal(),
      () => world.net.connect(node, 'c', client).send(Uint8Array.of(1, 2, 3)),
      () => world.clock(node).step(chaos.between(-1_000, 1_000)),
    ];
    chaos.pick(actions)();
  }
  return { world, recorder };
}

const plain = (seed: string): Run => run(seed, configOf(seed), () => 2);

describe('determinism', () => {
  test('the same seed gives the same run, event by event', () => {
    for (const seed of ['1', '2', '3']) {
      const left = plain(seed);
      const right = plain(seed);
      expect(left.world.scheduler.events()).toBeGreaterThan(1_000);
      expect(firstDivergence(left.recorder, right.recorder)).toBeNull();
      expect(left.world.scheduler.digestHex()).toBe(right.world.scheduler.digestHex());
      expect(left.world.faults.summary()).toEqual(right.world.faults.summary());
    }
  });

  test('a seed alone and the same seed after another agree', () => {
    const alone = plain('5').world.scheduler.digestHex();
    plain('6');
    expect(plain('5').world.scheduler.digestHex()).toBe(alone);
  });

  test('different seeds give different runs', () => {
    expect(plain('1').world.scheduler.digestHex()).not.toBe(plain('2').world.scheduler.digestHex());
  });

  test('a node that behaves differently is found at its first different event', () => {
    const seed = '1';
    let calls = 0;
    const left = run(seed, configOf(seed), () => 2);
    const right = run(seed, configOf(seed), () => (++calls > 4 ? 3 : 2));
    const divergence = firstDivergence(left.recorder, right.recorder);
    expect(divergence).not.toBeNull();
    expect(divergence!.event).toBeGreaterThan(100);
  });

  test('turning network loss off does not change what the disks draw', () => {
    const latencies = (lossPermille: number): number[] => {
      const config = configOf('9');
      config.net.peers.frames.lossPermille = lossPermille;
      config.disk.lanes = 1;
      const world = new World({
        seed: '9',
        config,
        nodes: NODES,
        newDriver: (node, ports) =>
          new ToyNode({ node, ports, peers: NODES, periodMs: 5, writes: false }),
        onFailure: () => {},
        mayDamage: () => true,
      });
      world.startAll();
      world.scheduler.runUntil(500_000);
      const disk = world.disk(NODES[0]!);
      const doneUs: number[] = [];
      disk.deliver = () => doneUs.push(world.scheduler.nowUs());
      for (let ticket = 1; ticket <= 50; ticket++) disk.submit(ticket, { kind: 'list' });
      world.scheduler.runWhile(() => doneUs.length < 50, 1_000_000);
      return doneUs;
    };
    expect(latencies(300)).toEqual(latencies(0));
    expect(latencies(0)).toHaveLength(50);
  });
});

describe('drawn worlds', () => {
  test('each class of faults is off in about a third of all worlds, and on in the others', () => {
    const configs = Array.from({ length: 400 }, (_, seed) => configOf(String(seed)));
    const rates: [string, (config: WorldConfig) => number][] = [
      ['loss', (config) => config.net.peers.frames.lossPermille],
      ['duplicate', (config) => config.net.peers.gossip.duplicatePermille],
      ['half-open', (config) => config.net.clients.halfOpenPermille],
      ['sync errors', (config) => config.disk.syncErrorPpm],
      ['overtaking', (config) => config.disk.lanes - 1],
      ['torn', (config) => config.disk.crash.garble],
      ['process crashes', (config) => config.process.processCrashPermille],
      ['drift', (config) => config.clock.driftPpmMax],
    ];
    for (const [name, rate] of rates) {
      const off = configs.filter((config) => rate(config) === 0).length;
      expect(off, name).toBeGreaterThan(80);
      expect(off, name).toBeLessThan(165);
    }
  });

  test('rates stay in their ranges, and a configuration survives being printed', () => {
    for (let seed = 0; seed < 300; seed++) {
      const config = configOf(String(seed));
      expect(config.net.peers.frames.lossPermille).toBeLessThanOrEqual(300);
      expect(config.net.peers.frames.duplicatePermille).toBeLessThanOrEqual(500);
      expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    }
    expect(new Set(FAULT_CLASSES).size).toBe(FAULT_CLASSES.length);
  });

  test('knobs that change in a running world leave the caller’s configuration alone', () => {
    const config = configOf('1');
    const printed = JSON.stringify(config);
    const { world } = run('1', config, () => 2);
    world.config.net.peers.frames.lossPermille = 999;
    world.disk(NODES[0]!).options.knobs.syncErrorPpm = 999;
    expect(JSON.stringify(config)).toBe(printed);
    expect(world.disk(NODES[1]!).options.knobs.syncErrorPpm).not.toBe(999);
  });
});

describe('calm', () => {
  test('a calmed world strikes no more by rate', () => {
    const { world } = run('1', configOf('1'), () => 2);
    world.calm();
    world.net.heal();
    const struck = /^(net-loss|net-duplicate|disk-(read|write|sync)-error|disk-no-space)$/;
    const before = world.faults.summary();
    world.scheduler.runUntil(4_000_000);
    for (const [kind, count] of Object.entries(world.faults.summary())) {
      if (struck.test(kind)) expect(count, kind).toBe(before[kind]);
    }
  });
});

describe('the wall', () => {
  test('randomness and timers throw behind it, and dates show virtual time', () => {
    const seen = withWalls(
      () => 1_700_000_000_123,
      () => {
        expect(() => Math.random()).toThrow('Math.random');
        expect(() => setTimeout(() => {}, 1)).toThrow('setTimeout');
        expect(() => performance.now()).toThrow('performance');
        return [String(Date.now()), new Date().toISOString(), new Date(5).toISOString()];
      },
    );
    expect(seen).toEqual(['1700000000123', '2023-11-14T22:13:20.123Z', '1970-01-01T00:00:00.005Z']);
  });

  test('it is taken down again, even when the run throws', () => {
    const { random } = Math;
    const RealDate = Date;
    expect(() =>
      withWalls(
        () => 0,
        () => {
          throw new Error('inside');
        },
      ),
    ).toThrow('inside');
    expect(Math.random).toBe(random);
    expect(Date).toBe(RealDate);
    expect(performance.now()).toBeGreaterThan(0);
  });

  test('a whole world runs behind it', () => {
    const digest = withWalls(
      () => 0,
      () => plain('3').world.scheduler.digestHex(),
    );
    expect(digest).toBe(plain('3').world.scheduler.digestHex());
  });
});
