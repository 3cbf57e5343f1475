import { describe, expect, test } from 'vitest';
import type { NodeState } from '../../../src/node/state.ts';
import { OfficeCheck } from './offices.ts';

const TIMEOUT_MS = 100;
const VOTERS = [1, 2, 3].map((id) => ({ id, store: `s${id}` }));

/** A leader of which no more is real than the judge looks at. */
function bench() {
  const raft = {
    config: { self: VOTERS[0], electionTimeoutMs: TIMEOUT_MS },
    configurations: [{ index: 1, configuration: { voters: VOTERS, outgoing: [], learners: [] } }],
    leading: {},
  };
  const office = new OfficeCheck();
  const turn = (now: number): void =>
    office.afterTurn({ phase: 'serving', now, groups: [{ raft }] } as unknown as NodeState);
  const hear = (from: number): void => {
    const frame = new Uint8Array(80);
    frame[16] = from;
    office.heard(frame);
  };
  return { raft, office, turn, hear };
}

describe('a leader', () => {
  test('that hears a quorum now and then stays in office', () => {
    const { turn, hear } = bench();
    for (let now = 0; now < 5_000; now += 2 * TIMEOUT_MS) {
      hear(2);
      turn(now);
    }
  });

  test('that hears nobody for longer than two timeouts should have left', () => {
    const { turn, hear } = bench();
    turn(0);
    hear(3);
    turn(150);
    turn(350);
    expect(() => turn(376)).toThrow('has heard no quorum for 200 ms');
  });

  test('has as long again when its voters change, and when it is elected anew', () => {
    const { raft, turn } = bench();
    turn(0);
    raft.configurations.push({ ...raft.configurations[0]!, index: 7 });
    turn(200);
    raft.leading = {};
    turn(400);
    turn(600);
    expect(() => turn(626)).toThrow('no quorum');
  });
});
