/**
 * A leader's snapshot on its way into a follower's state, and the judge of what was seen of it.
 *
 *   idle → arriving → landed → loading → idle
 *
 * 1. A file lands when it is whole, synced and read back, which takes turns of its own: nothing
 *    lands in the turn in which it began to arrive, and only what has landed is loaded.
 * 2. A receipt never goes back. Whatever arrives after it has landed is another receipt.
 * 3. A receipt may be given up at any moment, and so may a load; what was loaded in part is cleared.
 *
 * The chart is not run: the machine of snapshot files and the group hold this state. A look from
 * outside, after each turn, is held against it.
 */
import { setup } from 'xstate';
import { assert } from '../../base/assert.ts';
import type { Receipt } from '../../core/snapshots/work.ts';
import type { Group } from '../group.ts';
import { arrowsOf } from './arrows.ts';

export type TransferState = 'idle' | 'arriving' | 'landed' | 'loading';

export interface TransferEvent {
  readonly type: 'begin' | 'land' | 'load' | 'drop' | 'end';
}

const drops = 'the sender is silent, another leader sends, or it is no news any more';

export const transferChart = setup({ types: { events: {} as TransferEvent } }).createMachine({
  id: 'transfer',
  initial: 'idle',
  states: {
    idle: {
      description: 'no snapshot is on its way here',
      on: { begin: { target: 'arriving', description: 'the first chunk of a file comes' } },
    },
    arriving: {
      description: 'chunks are written, or the whole file is synced and read back',
      on: {
        land: { target: 'landed', description: 'the file has its name, and its content is proved' },
        begin: { target: 'arriving', description: 'a newer leader sends another file' },
        drop: { target: 'idle', description: drops },
      },
    },
    landed: {
      description: 'the file waits for the word of the group',
      on: {
        load: { target: 'loading', description: 'it tells more than our log does' },
        begin: { target: 'arriving', description: 'a newer leader sends another file' },
        drop: { target: 'idle', description: drops },
      },
    },
    loading: {
      description: 'the state is made anew from the file',
      on: { end: { target: 'idle', description: 'it is installed, or cleared away as no good' } },
    },
  } satisfies Record<TransferState, object>,
});

/** What can be seen of a group's transfer between two turns. */
export interface TransferAt {
  readonly state: TransferState;
  /** Tells one receipt from the next. */
  readonly receipt: Receipt | null;
}

export function transferAt({ files, installing }: Pick<Group, 'files' | 'installing'>): TransferAt {
  const { receipt } = files;
  if (installing !== null) return { state: 'loading', receipt };
  return { state: receipt?.phase ?? 'idle', receipt };
}

/** Throws if one turn cannot lead from `before` to `after`. */
export function checkTransferStep(before: TransferAt, after: TransferAt): void {
  const { state, receipt } = after;
  if (before.state === state && before.receipt === receipt) return;
  const isProved = state !== 'loading' || receipt === null || receipt.phase === 'landed';
  assert(isProved, 'state-machine-safety', 'a snapshot is loaded that has not landed');
  if (receipt === null) return;
  if (receipt === before.receipt) {
    const way = `${before.state} → ${state}`;
    assert(ONWARD.has(way), 'state-machine-safety', `no way for a snapshot: ${way}`);
    return;
  }
  // What was there is over, and another has begun.
  assert(state === 'arriving', 'state-machine-safety', `a snapshot is ${state} that never arrived`);
}

/** Where one receipt may get in a turn: arrows that do not end it, one after the other. */
const ONWARD: ReadonlySet<string> = onward();

function onward(): ReadonlySet<string> {
  const arrows = arrowsOf(transferChart).filter(
    ({ event }) => event === 'land' || event === 'load',
  );
  const ways = arrows.map(({ source, target }) => `${source} → ${target}`);
  for (const first of arrows) {
    for (const { source, target } of arrows) {
      if (first.target === source) ways.push(`${first.source} → ${target}`);
    }
  }
  return new Set(ways);
}
