/**
 * What an index leaves behind is the same on every replica, whether it applied everything itself or
 * began with a snapshot: keys with their values, revisions and deadlines, sessions with their
 * results, counters, log time. The chain tells what commands did and answered; this tells what there
 * is. Digests are held against the records themselves now and then, and of all at the end of a run.
 */
import { checkWholeStore } from '../../../src/core/store/check.ts';
import type { StoreState } from '../../../src/core/store/state.ts';
import { store as machine } from '../../../src/core/store/step.ts';
import type { GroupRecord } from './records.ts';
import { violate } from './violate.ts';

export interface Content {
  readonly low: number;
  readonly high: number;
  readonly sessionsLow: number;
  readonly sessionsHigh: number;
  readonly keys: number;
  readonly logicalBytes: number;
  readonly revision: number;
  readonly logTime: number;
  readonly uses: number;
  readonly resultBytes: number;
}

/** A look at one shard costs as much as some turns. */
const SHARD_CHECK_INDICES = 8;

export function contentOf({ table, sessions, revision, logTime }: StoreState): Content {
  const { low, high } = table.digest();
  return {
    low,
    high,
    sessionsLow: sessions.digest.low,
    sessionsHigh: sessions.digest.high,
    keys: table.keys,
    logicalBytes: table.logicalBytes,
    revision,
    logTime,
    uses: sessions.useCount,
    resultBytes: sessions.resultBytes,
  };
}

/** To be called when `state` has applied something since the last look. */
export function checkContent({ contents }: GroupRecord, state: StoreState): void {
  const { appliedIndex } = state;
  const content = contentOf(state);
  const known = contents.get(appliedIndex);
  if (known === undefined) contents.set(appliedIndex, content);
  else compare(known, content, appliedIndex);
  if (appliedIndex % SHARD_CHECK_INDICES === 0) machine.check(state);
}

function compare(known: Content, content: Content, index: number): void {
  for (const name of Object.keys(known) as (keyof Content)[]) {
    if (known[name] === content[name]) continue;
    const values = `${known[name]} and ${content[name]}`;
    violate('state-hash', `replicas differ at ${index} in ${name}: ${values}`);
  }
}

/** At the end of a run: everything is looked at. */
export const checkWhole = (state: StoreState): void => checkWholeStore(state);
