/** What a Raft machine shows of itself in a trace, followed through a step change by change. */
import { lastIndex } from '../../core/raft/log.ts';
import { currentConfiguration, type RaftState, type Role } from '../../core/raft/state.ts';
import type { Configuration, Member } from '../../core/types.ts';
import type { TraceConfChange, TraceEvent, TraceName, TraceRole } from './event.ts';

export interface View {
  readonly nid: string;
  term: number;
  vote: string;
  commit: number;
  role: TraceRole;
  log: number;
  configuration: Configuration;
}

export function viewOf(raft: RaftState): View {
  return {
    nid: `${raft.config.self.id}`,
    term: raft.currentTerm,
    vote: voteOf(raft.votedFor),
    commit: raft.commitIndex,
    role: traceRole(raft.role),
    log: lastIndex(raft.log),
    configuration: currentConfiguration(raft),
  };
}

export function eventOf(name: TraceName, view: View): TraceEvent {
  const { nid, term, vote, commit, role, log, configuration } = view;
  const conf = [idsOf(configuration.voters), idsOf(configuration.outgoing)] as const;
  return { name, nid, state: { term, vote, commit }, role, log, conf };
}

export const voteOf = (member: Member | null): string => `${member?.id ?? 0}`;

/** Who asks whether it could win is still a follower: pre-votes change nothing that counts. */
export function traceRole(role: Role): TraceRole {
  if (role === 'leader') return 'StateLeader';
  return role === 'candidate' ? 'StateCandidate' : 'StateFollower';
}

export const idsOf = (members: readonly Member[]): string[] => members.map(({ id }) => `${id}`);

/** What leads from one configuration to the next, by ids: a replaced store changes none. */
export function changeBetween(before: Configuration, after: Configuration): TraceConfChange {
  const old = idsOf(before.voters);
  const learned = idsOf(before.learners);
  const newconf = idsOf(after.voters);
  const added = newconf.filter((nid) => !old.includes(nid));
  const removed = old.filter((nid) => !newconf.includes(nid));
  const learning = idsOf(after.learners).filter((nid) => !learned.includes(nid));
  const changes = [
    ...added.map((nid) => ({ nid, action: 'AddNewServer' as const })),
    ...removed.map((nid) => ({ nid, action: 'RemoveServer' as const })),
    ...learning.map((nid) => ({ nid, action: 'AddLearner' as const })),
  ];
  return { changes, newconf };
}
