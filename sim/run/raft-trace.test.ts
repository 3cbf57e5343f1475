/** Raft traces of whole runs, as an outside judge would get them. */
import { describe, expect, test } from 'vitest';
import { type TraceEvent, traceLine } from '../../src/node/raft-trace/event.ts';
import { traceProblems } from '../../src/node/raft-trace/testing/schema.ts';
import { NO_OVERRIDES, runSeed } from './run.ts';

const LINES_MAX = 300;

function traceOf(seed: string) {
  const events: { readonly ts: number; readonly event: TraceEvent }[] = [];
  const raftTrace = (ts: number, event: TraceEvent): void => void events.push({ ts, event });
  const nobody = { overrides: NO_OVERRIDES, recorder: null, chronicle: null };
  const result = runSeed(seed, { ...nobody, raftTrace });
  return { result, events, bare: () => runSeed(seed, { ...nobody, raftTrace: null }) };
}

const textOf = (events: ReturnType<typeof traceOf>['events']): string =>
  events.map(({ ts, event }) => traceLine(ts, event)).join('');

describe('the trace of a run', () => {
  test.each(['1', '2', '7', '10', '16'])('has the form that a judge reads: seed %s', (seed) => {
    const { events } = traceOf(seed);
    expect(events.length).toBeGreaterThan(LINES_MAX);
    expect(traceProblems(textOf(events.slice(0, LINES_MAX)))).toEqual([]);
    expect(traceProblems(textOf(events))).toEqual([]);
  });

  test('leaves the run as it is', () => {
    const { result, bare } = traceOf('1');
    expect(bare().digest).toBe(result.digest);
  });

  test('shows elections, replication, commits and members', () => {
    const names = new Set(traceOf('1').events.map(({ event }) => event.name));
    for (const name of ['InitState', 'BecomeCandidate', 'BecomeLeader', 'BecomeFollower']) {
      expect(names).toContain(name);
    }
    for (const name of ['Replicate', 'Commit', 'ChangeConf', 'ApplyConfChange', 'Ready']) {
      expect(names).toContain(name);
    }
  });

  test.each(['1', '2', '8'])('commits nothing that a majority was not seen to hold: %s', (seed) => {
    for (const { seen, event } of commitsOf(traceOf(seed).events)) {
      const { conf, state, nid } = event;
      for (const voters of conf.filter((list) => list.length > 0)) {
        const holders = voters.filter((id) => (seen.get(`${nid} ${id}`) ?? 0) >= state.commit);
        expect(holders.length * 2).toBeGreaterThan(voters.length);
      }
    }
  });
});

/** Each commit, with how far every member's log was acknowledged to that leader until then. */
function commitsOf(events: ReturnType<typeof traceOf>['events']) {
  const seen = new Map<string, number>();
  const commits: { readonly seen: Map<string, number>; readonly event: TraceEvent }[] = [];
  for (const { event } of events) {
    const { name, nid, msg } = event;
    if (name === 'InitState' || name === 'BecomeLeader') {
      for (const key of [...seen.keys()]) if (key.startsWith(`${nid} `)) seen.delete(key);
    }
    if (name === 'ReceiveAppendEntriesResponse' && msg?.reject === false) {
      const key = `${nid} ${msg.from}`;
      if (msg.term === event.state.term) seen.set(key, Math.max(seen.get(key) ?? 0, msg.index));
    }
    if (name === 'Commit') commits.push({ seen: new Map(seen), event });
  }
  expect(commits.length).toBeGreaterThan(0);
  return commits;
}
