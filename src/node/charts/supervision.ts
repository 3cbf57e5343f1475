/**
 * The life of a helper: whatever works for the node, holds something of the operating system, and
 * may die while the node lives: a listener, the gossip socket, the HTTP door, the disk, a thread.
 *
 *   starting → running → backing-off → restarting → running …
 *
 * 1. At boot nothing is tried twice: what cannot be had then is told to whoever started the node.
 * 2. A helper that failed is opened anew where it was. How often, and when it is given up, is the
 *    policy's to say (../supervision.ts): the chart has no clock and no count.
 * 3. The disk has no arrow to take but the one to its end: its policy allows no restart, because
 *    after a failed sync nobody knows what it holds.
 * 4. Down and stopped are for good. What becomes of the node then is its driver's to decide.
 */
import { setup } from 'xstate';
import { ChartActor } from './actor.ts';

export type HelperState =
  | 'starting'
  | 'running'
  | 'backing-off'
  | 'restarting'
  | 'down'
  | 'stopped';

export type HelperEvent = 'opened' | 'failed' | 'due' | 'give-up' | 'stop';

export type HelperLife = ChartActor<HelperState, HelperEvent>;

const stops = { target: 'stopped', description: 'the node needs it no more' };

export const supervisionChart = setup({
  types: { events: {} as { type: HelperEvent } },
}).createMachine({
  id: 'helper',
  initial: 'starting',
  states: {
    starting: {
      description: 'it gets what it needs for the first time',
      on: {
        opened: { target: 'running', description: 'it has it' },
        'give-up': { target: 'down', description: 'it cannot get it: the node does not boot' },
        stop: stops,
      },
    },
    running: {
      description: 'it works',
      on: {
        failed: { target: 'backing-off', description: 'it says so, or is found closed' },
        'give-up': { target: 'down', description: 'the same, and it may not be restarted again' },
        stop: stops,
      },
    },
    'backing-off': {
      description: 'what it held is let go; the next attempt has a moment',
      on: {
        due: { target: 'restarting', description: 'that moment has come' },
        stop: stops,
      },
    },
    restarting: {
      description: 'it is opened anew, on the same address',
      on: {
        opened: { target: 'running', description: 'it has what it needs' },
        failed: { target: 'backing-off', description: 'it has not: longer this time' },
        'give-up': { target: 'down', description: 'it has not, and that was the last attempt' },
        stop: stops,
      },
    },
    down: { type: 'final', description: 'given up; the log and `/readyz?verbose` say so' },
    stopped: { type: 'final', description: 'as asked' },
  } satisfies Record<HelperState, { readonly type?: 'final'; readonly [key: string]: unknown }>,
});

export function newHelperLife(): HelperLife {
  return new ChartActor<HelperState, HelperEvent>(supervisionChart);
}

export const isHelperOver = (state: HelperState): boolean =>
  state === 'down' || state === 'stopped';
