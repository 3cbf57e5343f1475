/**
 * What a Raft trace must look like, line by line and from line to line: docs/formats/raft-trace.md
 * as a check. It is strict, so that a line that it lets pass is one that a judge can read.
 */
import { TRACE_NAMES, TRACE_ROLES, TRACE_TYPES, type TraceEvent } from '../event.ts';

interface Line {
  readonly tag: 'trace';
  readonly ts: number;
  readonly event: TraceEvent;
}

/** A problem a line at most, with the line's number, from 1. */
export function traceProblems(text: string): string[] {
  if (!text.endsWith('\n')) return ['the last line is not ended'];
  const judge = new TraceJudge();
  return text
    .slice(0, -1)
    .split('\n')
    .flatMap((line, at) => {
      const problem = shapeProblem(line) ?? judge.problem(JSON.parse(line) as Line);
      return problem === null ? [] : [`line ${at + 1}: ${problem}`];
    });
}

type Test = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Test>>;

const isIndex: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isId: Test = (value) => typeof value === 'string' && /^[1-9]\d*$/.test(value);
const isIdOrNobody: Test = (value) => value === '0' || isId(value);
const isIds: Test = (value) => Array.isArray(value) && value.every(isId);
const isOneOf =
  (words: readonly string[]): Test =>
  (value) =>
    words.includes(value as string);

const MESSAGE: Shape = {
  type: isOneOf(TRACE_TYPES),
  term: isIndex,
  from: isId,
  to: isId,
  logTerm: isIndex,
  index: isIndex,
  entries: isIndex,
  commit: isIndex,
  reject: (value) => typeof value === 'boolean',
};
const STATE: Shape = { term: isIndex, vote: isIdOrNobody, commit: isIndex };
const ACTIONS = ['AddNewServer', 'RemoveServer', 'AddLearner'];
const CHANGE: Shape = { nid: isId, action: isOneOf(ACTIONS) };
const CONF_CHANGE: Shape = {
  changes: (value) => Array.isArray(value) && value.every((one) => fits(one, CHANGE)),
  newconf: isIds,
};
const EVENT: Shape = {
  name: isOneOf(TRACE_NAMES),
  nid: isId,
  state: (value) => fits(value, STATE),
  role: isOneOf(TRACE_ROLES),
  log: isIndex,
  conf: (value) => Array.isArray(value) && value.length === 2 && value.every(isIds),
};
const DETAILS: Shape = {
  msg: (value) => fits(value, MESSAGE),
  prop: (value) =>
    fits(value, { cc: (cc) => fits(cc, CONF_CHANGE) }) ||
    fits(value, { heartbeat: (is) => is === true }),
};
const LINE: Shape = { tag: isOneOf(['trace']), ts: isIndex, event: (value) => isEvent(value) };

const fits = (value: unknown, shape: Shape): boolean => misfit(value, shape) === null;

/** The first key that is missing, wrong or unknown; null: none. */
function misfit(value: unknown, shape: Shape): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'no object';
  const record = value as Record<string, unknown>;
  const wrong = Object.keys(shape).find((key) => !(key in record && shape[key]!(record[key])));
  return wrong ?? Object.keys(record).find((key) => !(key in shape)) ?? null;
}

function isEvent(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const given = Object.entries(DETAILS).filter(([key]) => key in value);
  return fits(value, { ...EVENT, ...Object.fromEntries(given) });
}

function shapeProblem(line: string): string | null {
  try {
    const wrong = misfit(JSON.parse(line), LINE);
    return wrong === null ? null : `${wrong} is not as it should be`;
  } catch {
    return 'no JSON';
  }
}

const TYPES_OF: Readonly<Record<string, string>> = {
  AppendEntriesRequest: 'MsgApp',
  AppendEntriesResponse: 'MsgAppResp',
  RequestVoteRequest: 'MsgVote',
  RequestVoteResponse: 'MsgVoteResp',
  Snapshot: 'MsgSnap',
};
const ROLE_OF: Readonly<Record<string, string>> = {
  InitState: 'StateFollower',
  BecomeFollower: 'StateFollower',
  BecomeCandidate: 'StateCandidate',
  BecomeLeader: 'StateLeader',
  Commit: 'StateLeader',
  Replicate: 'StateLeader',
};

/** What lines say of each other. */
class TraceJudge {
  #ts = 0;
  readonly #last = new Map<string, TraceEvent>();
  readonly #leaders = new Map<number, string>();
  readonly #sent = new Set<string>();

  problem({ ts, event }: Line): string | null {
    const before = this.#last.get(event.nid) ?? null;
    const wasTs = this.#ts;
    this.#last.set(event.nid, event);
    this.#ts = ts;
    if (ts < wasTs) return 'time goes back';
    return (
      detailProblem(event) ??
      orderProblem(before, event) ??
      this.#leader(event) ??
      this.#post(event)
    );
  }

  #leader({ name, nid, state }: TraceEvent): string | null {
    if (name !== 'BecomeLeader') return null;
    const other = this.#leaders.get(state.term) ?? nid;
    this.#leaders.set(state.term, nid);
    return other === nid ? null : `two leaders in term ${state.term}`;
  }

  /** What the file has both ends of was sent before it is received. */
  #post({ name, msg }: TraceEvent): string | null {
    if (msg === undefined || msg.type === 'MsgSnap') return null;
    const letter = JSON.stringify(msg);
    if (name.startsWith('Send')) this.#sent.add(letter);
    else if (this.#last.has(msg.from) && !this.#sent.has(letter)) return 'received, but never sent';
    return null;
  }
}

function detailProblem({ name, nid, role, msg, prop }: TraceEvent): string | null {
  const [, way, subject] = /^(Send|Receive)(.+)$/.exec(name) ?? [];
  if ((subject === undefined) !== (msg === undefined)) return 'a message where none is, or none';
  if (msg !== undefined) {
    if (msg.type !== TYPES_OF[subject!]) return `${name} of a ${msg.type}`;
    if ((way === 'Send' ? msg.from : msg.to) !== nid) return 'another node told it';
  }
  const isChange = name === 'ChangeConf' || name === 'ApplyConfChange';
  if (isChange !== (prop?.cc !== undefined)) return 'a change of members where none is, or none';
  const isBeat = prop?.heartbeat === true;
  if (isBeat && (msg?.type !== 'MsgApp' || msg.entries > 0)) return 'no heartbeat';
  const wanted = ROLE_OF[name] ?? role;
  return role === wanted ? null : `${name} of a ${role}`;
}

function orderProblem(before: TraceEvent | null, { name, state }: TraceEvent): string | null {
  if (before === null) return name === 'InitState' ? null : 'a node begins with InitState';
  if (name === 'InitState') return null;
  if (state.term < before.state.term) return 'the term fell';
  if (state.commit < before.state.commit) return 'the commit index fell';
  const isSameTerm = state.term === before.state.term;
  const isKept = before.state.vote === '0' || before.state.vote === state.vote;
  return isSameTerm && !isKept ? 'a vote was changed in its term' : null;
}
