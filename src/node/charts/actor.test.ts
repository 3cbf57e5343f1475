import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { InvariantViolation } from '../../base/assert.ts';
import { ChartActor } from './actor.ts';

const broken = (): never => {
  throw new InvariantViolation('monotonic', 'as expected');
};

describe('a live chart', () => {
  test('goes where its arrows lead and says where it is', () => {
    const inner = { initial: 'one', states: { one: { on: { step: 'two' } }, two: {} } };
    const chart = createMachine({
      initial: 'idle',
      states: { idle: { on: { go: 'busy' } }, busy: inner },
    });
    const actor = new ChartActor<string, 'go' | 'step'>(chart);
    expect(actor.state).toBe('idle');
    expect(actor.send('go')).toBe('busy.one');
    expect(actor.send('step')).toBe('busy.two');
    expect(actor.state).toBe('busy.two');
  });

  test('asserts what XState would ignore: an event that no arrow takes', () => {
    const chart = createMachine({ initial: 'idle', states: { idle: { on: { go: 'idle' } } } });
    const actor = new ChartActor<string, 'go' | 'come'>(chart);
    expect(() => actor.send('come')).toThrow('illegal in state idle: come');
    expect(actor.send('go')).toBe('idle');
  });

  test('asserts an event after the end', () => {
    const states = { idle: { on: { go: 'over' } }, over: { type: 'final' } } as const;
    const actor = new ChartActor<string, 'go'>(createMachine({ initial: 'idle', states }));
    actor.send('go');
    expect(() => actor.send('go')).toThrow('a chart that has ended');
  });

  test.each([
    ['an arrow', { idle: { on: { go: { target: 'busy', actions: broken } } }, busy: {} }],
    ['an entry', { idle: { on: { go: 'busy' } }, busy: { entry: broken } }],
    ['an exit', { idle: { on: { go: 'busy' }, exit: broken }, busy: {} }],
    ['a guard', { idle: { on: { go: { target: 'busy', guard: broken } } }, busy: {} }],
  ])('throws from send what %s throws, the thing itself, and nothing later', async (_, states) => {
    const actor = new ChartActor<string, 'go'>(createMachine({ initial: 'idle', states }));
    let thrown: unknown = null;
    try {
      actor.send('go');
    } catch (error) {
      thrown = error;
    }
    // XState wraps what a guard throws in an error of its own, and says it there.
    expect(String(thrown)).toContain('as expected');
    // Had XState kept it for a timer, it would come now and fail this run.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('throws an assertion as the assertion it is, and takes nothing afterwards', () => {
    const states = { idle: { on: { go: { target: 'busy', actions: broken } } }, busy: {} };
    const actor = new ChartActor<string, 'go'>(createMachine({ initial: 'idle', states }));
    expect(() => actor.send('go')).toThrow(InvariantViolation);
    expect(() => actor.send('go')).toThrow('a chart that has ended');
  });

  test('throws what its first state throws', () => {
    const chart = createMachine({ initial: 'idle', states: { idle: { entry: broken } } });
    expect(() => new ChartActor(chart)).toThrow('as expected');
  });

  test('gets no event from within a transition', () => {
    const again = () => actor.send('go');
    const states = { idle: { on: { go: { target: 'idle', actions: again } } } };
    const actor = new ChartActor<string, 'go'>(createMachine({ initial: 'idle', states }));
    expect(() => actor.send('go')).toThrow('from within a transition');
  });

  test('gets no timer', () => {
    const chart = createMachine({
      initial: 'idle',
      states: { idle: { after: { 10: 'late' } }, late: {} },
    });
    expect(() => new ChartActor(chart)).toThrow('asked for a timer');
  });

  test('has one region', () => {
    const chart = createMachine({ type: 'parallel', states: { left: {}, right: {} } });
    expect(() => new ChartActor(chart)).toThrow('more than one region');
  });
});
