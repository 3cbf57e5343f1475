/**
 * A line of a Raft trace, in the form that etcd's published TLA+ trace specification reads.
 * docs/formats/raft-trace.md says what each name means here.
 */
export const TRACE_NAMES = [
  'InitState',
  'BecomeFollower',
  'BecomeCandidate',
  'BecomeLeader',
  'Commit',
  'Replicate',
  'ChangeConf',
  'ApplyConfChange',
  'Ready',
  'SendAppendEntriesRequest',
  'ReceiveAppendEntriesRequest',
  'SendAppendEntriesResponse',
  'ReceiveAppendEntriesResponse',
  'SendRequestVoteRequest',
  'ReceiveRequestVoteRequest',
  'SendRequestVoteResponse',
  'ReceiveRequestVoteResponse',
  'SendSnapshot',
  'ReceiveSnapshot',
] as const;
export type TraceName = (typeof TRACE_NAMES)[number];

export const TRACE_ROLES = ['StateFollower', 'StateCandidate', 'StateLeader'] as const;
export type TraceRole = (typeof TRACE_ROLES)[number];

export const TRACE_TYPES = ['MsgApp', 'MsgAppResp', 'MsgVote', 'MsgVoteResp', 'MsgSnap'] as const;
export type TraceType = (typeof TRACE_TYPES)[number];

export interface TraceMessage {
  readonly type: TraceType;
  readonly term: number;
  readonly from: string;
  readonly to: string;
  readonly logTerm: number;
  readonly index: number;
  /** How many; of a snapshot, its index. */
  readonly entries: number;
  readonly commit: number;
  readonly reject: boolean;
}

export interface TraceConfChange {
  readonly changes: readonly {
    readonly nid: string;
    readonly action: 'AddNewServer' | 'RemoveServer' | 'AddLearner';
  }[];
  readonly newconf: readonly string[];
}

export interface TraceProperties {
  readonly cc?: TraceConfChange;
  readonly heartbeat?: true;
}

export interface TraceEvent {
  readonly name: TraceName;
  readonly nid: string;
  /** Vote: '0' for nobody. */
  readonly state: { readonly term: number; readonly vote: string; readonly commit: number };
  readonly role: TraceRole;
  /** Index of the last entry. */
  readonly log: number;
  /** Voters, and the outgoing ones while two majorities decide. */
  readonly conf: readonly [readonly string[], readonly string[]];
  readonly msg?: TraceMessage;
  readonly prop?: TraceProperties;
}

/** What an event says beside the state. */
export type TraceDetail = Pick<TraceEvent, 'msg' | 'prop'>;

/** `ts` in whole microseconds. */
export function traceLine(ts: number, event: TraceEvent): string {
  return `${JSON.stringify({ tag: 'trace', ts, event })}\n`;
}
