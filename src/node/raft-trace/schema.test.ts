/** The check of traces, seen to fail on each thing that it is there for. */
import { describe, expect, test } from 'vitest';
import { type TraceDetail, type TraceEvent, type TraceName, traceLine } from './event.ts';
import { traceProblems } from './testing/schema.ts';

const STATE = { term: 1, vote: '1', commit: 0 };
const VOTE = {
  type: 'MsgVote',
  term: 1,
  from: '1',
  to: '2',
  logTerm: 0,
  index: 0,
  entries: 0,
  commit: 0,
  reject: false,
} as const;

function event(name: TraceName, more: Partial<TraceEvent> = {}): TraceEvent {
  const conf = [['1', '2'], []] as const;
  return { name, nid: '1', state: STATE, role: 'StateFollower', log: 3, conf, ...more };
}

const text = (...events: readonly TraceEvent[]): string =>
  events.map((one, at) => traceLine(at, one)).join('');

const asLeader = (name: TraceName, detail: TraceDetail = {}): TraceEvent =>
  event(name, { role: 'StateLeader', ...detail });

const BEGUN = event('InitState');

test('a sound trace has no problems', () => {
  const sent = event('SendRequestVoteRequest', { role: 'StateCandidate', msg: VOTE });
  const other = { nid: '2', state: { term: 0, vote: '0', commit: 0 } };
  const heard = event('ReceiveRequestVoteRequest', { ...other, msg: VOTE });
  const cc = { changes: [{ nid: '2', action: 'RemoveServer' }], newconf: ['1'] } as const;
  const change = asLeader('ChangeConf', { prop: { cc } });
  const whole = [BEGUN, sent, event('InitState', other), heard, asLeader('BecomeLeader'), change];
  expect(traceProblems(text(...whole))).toEqual([]);
});

describe('a line', () => {
  const good = traceLine(0, BEGUN);

  test.each([
    ['that is cut off', good.slice(0, 40), 'the last line is not ended'],
    ['that is no JSON', '{"tag":\n', 'line 1: no JSON'],
    ['with another tag', good.replace('"trace"', '"other"'), 'line 1: tag is not'],
    ['without a time', good.replace('"ts":0,', ''), 'line 1: ts is not'],
    [
      'with a time that is no whole number',
      good.replace('"ts":0', '"ts":0.5'),
      'line 1: ts is not',
    ],
    ['of an unknown name', good.replace('InitState', 'Advance'), 'line 1: event is not'],
    ['of an unknown role', good.replace('StateFollower', 'StatePreCandidate'), 'line 1: event is'],
    ['with a number for an id', good.replace('"nid":"1"', '"nid":1'), 'line 1: event is not'],
    ['with an index below nought', good.replace('"log":3', '"log":-1'), 'line 1: event is not'],
    ['with one list of voters', good.replace(',[]]', ']'), 'line 1: event is not'],
    ['with a key that nobody knows', good.replace('"log"', '"x":1,"log"'), 'line 1: event is not'],
    ['without a key', good.replace('"vote":"1",', ''), 'line 1: event is not'],
  ])('%s', (_, line, problem) => {
    expect(traceProblems(line)[0]).toContain(problem);
  });
});

describe('an event', () => {
  const candidate = { role: 'StateCandidate' } as const;

  test.each([
    ['with a message that it has not', asLeader('Commit', { msg: VOTE }), 'a message where none'],
    ['without the message that it is of', event('SendRequestVoteRequest'), 'a message where none'],
    [
      'of another type of message',
      event('SendSnapshot', { msg: VOTE }),
      'SendSnapshot of a MsgVote',
    ],
    ['told by another node', event('ReceiveRequestVoteRequest', { msg: VOTE }), 'another node'],
    ['without its change', asLeader('ChangeConf'), 'a change of members'],
    ['that only a leader has', event('Commit'), 'Commit of a StateFollower'],
    ['of a role that is another', event('BecomeLeader', candidate), 'BecomeLeader of a'],
    ['that calls entries a heartbeat', beat(1), 'no heartbeat'],
    ['of a lower term', event('Ready', { state: { ...STATE, term: 0 } }), 'the term fell'],
    ['of another vote', event('Ready', { state: { ...STATE, vote: '2' } }), 'a vote was changed'],
  ])('%s', (_, one, problem) => {
    expect(traceProblems(text(BEGUN, one))[0]).toContain(problem);
  });

  test('without a beginning', () => {
    expect(traceProblems(text(event('Ready')))).toEqual(['line 1: a node begins with InitState']);
  });

  test('that is earlier than the one before', () => {
    const lines = traceLine(2, BEGUN) + traceLine(1, event('Ready'));
    expect(traceProblems(lines)).toEqual(['line 2: time goes back']);
  });

  test('whose message nobody has sent, though its sender tells all', () => {
    const other = event('InitState', { nid: '2' });
    const heard = event('ReceiveRequestVoteRequest', { nid: '2', msg: VOTE });
    expect(traceProblems(text(BEGUN, other, heard))).toEqual(['line 3: received, but never sent']);
    expect(traceProblems(text(other, heard))).toEqual([]);
  });

  test('by which a term has two leaders', () => {
    const other = { nid: '2', role: 'StateLeader' } as const;
    const two = [asLeader('BecomeLeader'), event('BecomeLeader', other)];
    const whole = text(BEGUN, event('InitState', { nid: '2' }), ...two);
    expect(traceProblems(whole)).toEqual(['line 4: two leaders in term 1']);
  });

  test('with a commit index that fell', () => {
    const high = event('Ready', { state: { ...STATE, commit: 3 } });
    expect(traceProblems(text(BEGUN, high, event('Ready')))[0]).toContain('the commit index fell');
  });
});

function beat(entries: number): TraceEvent {
  const msg = { ...VOTE, type: 'MsgApp', entries } as const;
  return asLeader('SendAppendEntriesRequest', { msg, prop: { heartbeat: true } });
}
