/**
 * A node's life, from an unread directory to its end. Each node drives one; `advance` in state.ts
 * is where its events come in, and nothing else changes a node's phase.
 *
 * 1. Only a node that serves has anything to hand over. One that is told to stop while it boots
 *    withdraws: whoever has connected is sent away, and the boot is not gone on with.
 * 2. A stop has two stages and each has a bound: `overdue` is the bound's event, and its moment is
 *    a number in stopping-state.ts.
 * 3. A node that hands over or closes still serves, or what it was asked could not be answered: its
 *    phase is 'serving' to the last, and machines, peers and clients notice no difference.
 * 4. A log with damage in it keeps the node out of everything but its mending: no vote, no word to
 *    clients (docs/protocol/repair.md).
 * 5. Stopped and failed are for good. A node that starts again is another node.
 */
import { setup } from 'xstate';
import type { Phase } from '../state.ts';
import { ChartActor } from './actor.ts';

export type LifecycleState =
  | Exclude<Phase, 'serving'>
  | 'serving.open'
  | 'serving.handing-over'
  | 'serving.closing';

export type LifecycleEvent =
  | 'identified'
  | 'recovered'
  | 'damaged'
  | 'mended'
  | 'given-up'
  | 'loaded'
  | 'stop'
  | 'handed-over'
  | 'closed'
  | 'overdue'
  | 'fail';

export type Lifecycle = ChartActor<LifecycleState, LifecycleEvent>;

const fails = { target: '#life.failed', description: 'the disk, or what it holds, is no good' };
const withdraws = { target: 'withdrawing', description: 'somebody asks the node to stop' };

export const lifecycleChart = setup({
  types: { events: {} as { type: LifecycleEvent } },
}).createMachine({
  id: 'life',
  initial: 'identifying',
  states: {
    identifying: {
      description: 'whose data directory is this?',
      on: {
        identified: { target: 'recovering', description: 'the store knows its id' },
        stop: withdraws,
        fail: fails,
      },
    },
    recovering: {
      description: 'what does the log hold?',
      on: {
        recovered: { target: 'loading', description: 'the log is whole, a torn end cut off' },
        damaged: { target: 'mending', description: 'what had been synced cannot be read back' },
        stop: withdraws,
        fail: fails,
      },
    },
    mending: {
      description: 'what do the others hold of what is lost here?',
      on: {
        mended: { target: 'loading', description: 'the log is whole again' },
        'given-up': {
          target: 'identifying',
          description: 'every leader does without this store: an empty one takes its place',
        },
        stop: withdraws,
        fail: fails,
      },
    },
    loading: {
      description: 'what do the snapshots hold?',
      on: {
        loaded: { target: 'serving', description: 'each group has its state' },
        stop: withdraws,
        fail: fails,
      },
    },
    serving: {
      description: 'peers and clients are answered',
      initial: 'open',
      on: { fail: fails },
      states: {
        open: {
          on: {
            stop: { target: 'handing-over', description: 'somebody asks the node to stop' },
          },
        },
        'handing-over': {
          description: 'another voter is to lead what this node leads',
          on: {
            'handed-over': { target: 'closing', description: 'no group is led from here' },
            overdue: { target: 'closing', description: 'nobody takes over in time' },
          },
        },
        closing: {
          description: 'what was asked is answered, connections end',
          on: {
            closed: { target: '#life.stopped', description: 'the last connection has ended' },
            overdue: { target: '#life.stopped', description: 'a client does not let go in time' },
          },
        },
      },
    },
    withdrawing: {
      description: 'a boot that was called off; connections end',
      on: {
        closed: { target: 'stopped', description: 'the last connection has ended' },
        overdue: { target: 'stopped', description: 'a client does not let go in time' },
        fail: fails,
      },
    },
    stopped: { type: 'final', description: 'as asked' },
    failed: { type: 'final', description: 'with a code and a detail' },
  } satisfies Record<Phase, { readonly type?: 'final'; readonly [key: string]: unknown }>,
});

export function newLifecycle(): Lifecycle {
  return new ChartActor<LifecycleState, LifecycleEvent>(lifecycleChart);
}

/** The outermost state: what the rest of the node branches on. */
export function phaseOf(state: LifecycleState): Phase {
  switch (state) {
    case 'serving.open':
    case 'serving.handing-over':
    case 'serving.closing':
      return 'serving';
    default:
      return state;
  }
}
