import { setImmediate as passOfLoop } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { InvariantViolation } from '../base/assert.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { NodeDriver, NodeEvent } from '../node/contract.ts';
import { until } from './testing/cluster.ts';
import { TurnLoop } from './turn-loop.ts';

class FakeDriver implements NodeDriver {
  readonly inputs: NodeEvent[] = [];
  readonly turns: { readonly now: number; readonly inputs: number }[] = [];
  nextDeadline: (now: number) => number = () => NEVER;
  onTurn: () => void = () => {};
  #now = 0;

  input(event: NodeEvent): void {
    this.inputs.push(event);
  }

  turn(now: Millis): void {
    this.#now = now;
    this.turns.push({ now, inputs: this.inputs.splice(0).length });
    this.onTurn();
  }

  deadline(): Millis {
    return this.nextDeadline(this.#now) as Millis;
  }
}

const closed = (connection: number): NodeEvent => ({ kind: 'closed', connection });

function loopOf(driver: FakeDriver) {
  const deaths: unknown[] = [];
  const loop = new TurnLoop({ driver, afterTurn: () => {}, died: (error) => deaths.push(error) });
  return { loop, deaths };
}

test('all that one pass of the event loop brings is one turn', async () => {
  const driver = new FakeDriver();
  const { loop } = loopOf(driver);
  for (let n = 0; n < 100; n++) loop.accept(closed(n));
  await passOfLoop();
  loop.accept(closed(100));
  await passOfLoop();
  await passOfLoop();
  expect(driver.turns.map(({ inputs }) => inputs)).toEqual([100, 1]);
  loop.end();
});

test('without input there is a turn when the deadline comes, not before', async () => {
  const driver = new FakeDriver();
  driver.nextDeadline = (now) => (driver.turns.length < 4 ? now + 20 : NEVER);
  const { loop } = loopOf(driver);
  loop.start();
  await until(() => driver.turns.length === 4);
  for (let at = 1; at < 4; at++) {
    expect(driver.turns[at]!.now - driver.turns[at - 1]!.now).toBeGreaterThanOrEqual(20);
  }
  loop.end();
});

test('a deadline that moves away while the alarm is set costs no turn', async () => {
  const driver = new FakeDriver();
  let due = 30;
  driver.nextDeadline = () => driver.turns[0]!.now + due;
  const { loop } = loopOf(driver);
  loop.start();
  await until(() => driver.turns.length === 1);
  due = 60;
  await until(() => driver.turns.length >= 2);
  expect(driver.turns[1]!.now - driver.turns[0]!.now).toBeGreaterThanOrEqual(60);
  loop.end();
});

test('a deadline that moves nearer is kept', async () => {
  const driver = new FakeDriver();
  driver.nextDeadline = (now) => (driver.turns.length === 1 ? now + 60_000 : now + 5);
  const { loop } = loopOf(driver);
  loop.start();
  await until(() => driver.turns.length === 1);
  loop.accept(closed(1));
  await until(() => driver.turns.length >= 3);
  loop.end();
});

test('what the driver throws ends the loop, once and for good', async () => {
  const driver = new FakeDriver();
  const { loop, deaths } = loopOf(driver);
  const violation = new InvariantViolation('internal', 'broken on purpose');
  driver.onTurn = () => {
    throw violation;
  };
  loop.accept(closed(1));
  await until(() => deaths.length > 0);
  loop.accept(closed(2));
  await passOfLoop();
  await passOfLoop();
  expect(deaths).toEqual([violation]);
  expect(driver.turns).toHaveLength(1);
  expect(driver.inputs).toHaveLength(0);
});
