import { describe, expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { type Millis, millis, NEVER, nodeId } from '../../src/base/units.ts';
import type { NodeDriver, NodeEvent, NodePorts } from '../../src/node/contract.ts';
import { calmWorldConfig, type ProcessKnobs } from './config.ts';
import type { Failure } from './faults.ts';
import { World } from './world.ts';

const A = nodeId(1);
const B = nodeId(2);

/** A driver whose behaviour a test writes down. */
class Script implements NodeDriver {
  readonly ports: NodePorts;
  readonly log: string[] = [];
  due: Millis = NEVER;
  onTurn: (now: Millis, wall: number) => void = () => {};

  constructor(ports: NodePorts) {
    this.ports = ports;
  }

  input(event: NodeEvent): void {
    if (event.kind !== 'peer-link') this.log.push(event.kind);
  }

  turn(now: Millis, wall: number): void {
    this.log.push(`turn@${now}`);
    this.onTurn(now, wall);
  }

  deadline(): Millis {
    return this.due;
  }
}

class Fixture {
  readonly scripts: Script[] = [];
  readonly failures: Failure[] = [];
  readonly world: World;

  constructor(knobs: Partial<ProcessKnobs>) {
    const config = calmWorldConfig();
    this.world = new World({
      seed: '1',
      config: { ...config, process: { ...config.process, ...knobs } },
      nodes: [A, B],
      newDriver: (_, ports) => {
        const script = new Script(ports);
        this.scripts.push(script);
        return script;
      },
      onFailure: (failure) => this.failures.push(failure),
      mayDamage: () => true,
    });
    this.world.clock(A).reboot(0);
    this.world.process(A).start();
    this.go(5_000);
    this.script().log.length = 0;
  }

  /** The newest driver. */
  script(): Script {
    return this.scripts.at(-1)!;
  }

  go(us: number): void {
    this.world.scheduler.runUntil(this.world.scheduler.nowUs() + us);
  }

  gossip(count: number): void {
    for (let number = 0; number < count; number++) {
      this.world.net.peers.send('gossip', B, A, Uint8Array.of(number));
    }
  }
}

describe('turns', () => {
  test('inputs gather into one turn, in order of arrival', () => {
    const fixture = new Fixture({ gather: { min: 1_000, spread: 0, max: 1_000 } });
    fixture.gossip(3);
    fixture.go(5_000);
    expect(fixture.script().log).toEqual(['gossip', 'gossip', 'gossip', 'turn@6']);
  });

  test('a turn takes no more inputs than it may; the others wait for the next', () => {
    const fixture = new Fixture({ turnInputsMax: 2 });
    fixture.gossip(5);
    fixture.go(5_000);
    const turns = fixture.script().log.filter((line) => line.startsWith('turn'));
    expect(fixture.script().log.slice(0, 3)).toEqual(['gossip', 'gossip', 'turn@5']);
    expect(turns).toHaveLength(3);
  });

  test('a deadline brings a turn on the node’s own clock, and moves with it', () => {
    const fixture = new Fixture({});
    fixture.gossip(1);
    fixture.script().due = millis(100);
    fixture.go(50_000);
    fixture.world.clock(A).freeze('both');
    fixture.go(100_000);
    fixture.script().onTurn = () => {
      fixture.script().due = NEVER;
    };
    expect(fixture.script().log.slice(2)).toEqual([]);
    fixture.world.clock(A).thaw('both');
    fixture.go(44_000);
    expect(fixture.script().log.slice(2)).toEqual([]);
    fixture.go(2_000);
    expect(fixture.script().log.slice(2)).toEqual(['turn@100']);
  });

  test('a deadline that moved later does not wake the node early', () => {
    const fixture = new Fixture({});
    fixture.script().due = millis(20);
    fixture.gossip(1);
    fixture.go(5_000);
    fixture.script().due = millis(40);
    fixture.script().onTurn = () => {
      fixture.script().due = NEVER;
    };
    fixture.go(29_000);
    expect(fixture.script().log).toHaveLength(2);
    fixture.go(2_000);
    expect(fixture.script().log).toHaveLength(3);
  });

  test('a node whose deadline stays in the past does not stop time', () => {
    const fixture = new Fixture({});
    fixture.script().due = millis(0);
    fixture.gossip(1);
    fixture.go(1_000);
    expect(fixture.world.scheduler.nowUs()).toBe(6_000);
  });

  test('a slow CPU delays the next turn', () => {
    const fixture = new Fixture({ turnCost: { min: 100, spread: 0, max: 100 } });
    fixture.world.process(A).slow(20_000);
    fixture.gossip(1);
    fixture.go(110);
    fixture.gossip(1);
    fixture.go(1_500);
    expect(fixture.script().log).toEqual(['gossip', 'turn@5']);
    fixture.go(600);
    expect(fixture.script().log).toEqual(['gossip', 'turn@5', 'gossip', 'turn@7']);
  });
});

describe('pauses', () => {
  test('a paused node does nothing while time goes on, then gets all that waited', () => {
    const fixture = new Fixture({});
    fixture.world.process(A).pause(50_000);
    fixture.gossip(2);
    fixture.go(49_000);
    expect(fixture.script().log).toEqual([]);
    fixture.go(2_000);
    expect(fixture.script().log).toEqual(['gossip', 'gossip', 'turn@55']);
  });

  test('a pause that was ended by hand does not end a later one', () => {
    const fixture = new Fixture({});
    const process = fixture.world.process(A);
    process.pause(10_000);
    process.resume();
    process.pause(null);
    fixture.go(20_000);
    expect(process.status()).toBe('paused');
  });

  test('what waits for a paused node is bounded', () => {
    const fixture = new Fixture({ backlogMax: 3 });
    fixture.world.process(A).pause(null);
    fixture.gossip(10);
    fixture.go(1_000);
    fixture.world.process(A).resume();
    fixture.go(1_000);
    expect(fixture.script().log).toEqual(['gossip', 'gossip', 'gossip', 'turn@6']);
    expect(fixture.world.faults.of('backlog-loss')).toBe(7);
  });
});

describe('crashes', () => {
  test('a crash drops the driver with its mailbox; a restart makes a new one', () => {
    const fixture = new Fixture({ gather: { min: 1_000, spread: 0, max: 1_000 } });
    fixture.gossip(2);
    fixture.go(500);
    fixture.world.process(A).crash('power');
    expect(fixture.world.process(A).status()).toBe('stopped');
    fixture.go(10_000);
    fixture.world.process(A).start();
    fixture.go(10_000);
    expect(fixture.scripts).toHaveLength(2);
    expect(fixture.scripts[0]!.log).toEqual([]);
    expect(fixture.scripts[1]!.log).toHaveLength(1);
    expect(fixture.world.process(A).incarnation()).toBe(2);
  });

  test('a crash in the middle of a turn kills the ports for the rest of it', () => {
    const fixture = new Fixture({});
    const { world } = fixture;
    world.process(B).start();
    fixture.go(5_000);
    const [first, other] = fixture.scripts as [Script, Script];
    world.disk(A).onOperation = (phase) => {
      if (phase === 'submitted') world.process(A).crash('power');
    };
    first.onTurn = () => {
      first.ports.net.sendPeer(B, Uint8Array.of(1));
      first.ports.disk.submit(1, { kind: 'list' });
      first.ports.net.sendPeer(B, Uint8Array.of(2));
      first.ports.disk.submit(2, { kind: 'list' });
    };
    other.log.length = 0;
    world.net.peers.send('gossip', B, A, Uint8Array.of(0));
    fixture.go(10_000);
    expect(world.faults.of('crash-power')).toBe(1);
    expect(other.log.filter((line) => line === 'peer-frame')).toHaveLength(1);
  });

  test('a violation stops the node, and is reported with its checker', () => {
    const fixture = new Fixture({});
    fixture.script().onTurn = () => assert(false, 'one-vote', 'voted twice');
    fixture.gossip(1);
    fixture.go(1_000);
    expect(fixture.failures).toMatchObject([{ node: 1, checker: 'one-vote' }]);
    expect(fixture.world.process(A).status()).toBe('failed');
    fixture.gossip(1);
    fixture.go(1_000);
    expect(fixture.failures).toHaveLength(1);
  });

  test('any other error is reported as an internal one', () => {
    const fixture = new Fixture({});
    fixture.script().onTurn = () => {
      throw new TypeError('undefined is not a function');
    };
    fixture.gossip(1);
    fixture.go(1_000);
    expect(fixture.failures[0]).toMatchObject({ checker: 'internal' });
    expect(fixture.failures[0]!.stack).toContain('process.test');
  });

  test('a thawed buffer fails the node that changed it', () => {
    const fixture = new Fixture({});
    fixture.script().onTurn = () => {
      const bytes = Uint8Array.of(1, 2);
      const { disk } = fixture.script().ports;
      disk.submit(1, { kind: 'write', file: 'x', offset: 0, parts: [bytes], sync: false });
      bytes[0] = 9;
    };
    fixture.gossip(1);
    fixture.go(1_000);
    expect(fixture.failures[0]).toMatchObject({ checker: 'state-machine-safety' });
  });

  test('wipe leaves an empty disk', () => {
    const fixture = new Fixture({});
    fixture.script().ports.disk.submit(1, { kind: 'create', file: 'x', bytes: 10 });
    fixture.go(1_000);
    expect(fixture.world.disk(A).files()).toHaveLength(1);
    fixture.world.process(A).wipe();
    expect(fixture.world.disk(A).files()).toEqual([]);
  });

  test('memory has an end', () => {
    const fixture = new Fixture({ memoryBytesMax: 1_000 });
    const { memory } = fixture.script().ports;
    expect(memory.allocate(600)).toEqual(new Uint8Array(600));
    expect(() => memory.allocate(600)).toThrow('out of memory');
  });
});
