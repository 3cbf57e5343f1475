/**
 * liveness: a follower begins its election timeout anew when its leader speaks, and when it gives a
 * vote (§3.4): not for who is refused, nor for any other message. Else whoever cannot win keeps all
 * others from trying.
 */
import type { RaftState, Role } from '../../../src/core/raft/state.ts';
import { violate } from './violate.ts';

interface Seen {
  role: Role;
  term: number;
  contact: number;
  deadline: number;
}

export class TimerCheck {
  readonly #seen = new WeakMap<RaftState, Seen>();

  afterTurn(raft: RaftState, now: number): void {
    const {
      role,
      currentTerm: term,
      lastLeaderContact: contact,
      electionDeadline: deadline,
    } = raft;
    const seen = this.#seen.get(raft);
    if (seen === undefined) {
      this.#seen.set(raft, { role, term, contact, deadline });
      return;
    }
    if (seen.deadline !== deadline) {
      // One that has run out begins anew whatever comes of it.
      const isRunning = seen.deadline > now && seen.role === 'follower' && role === 'follower';
      // Two turns may come in one millisecond: contact that is as of now may be new.
      const isUnspoken = seen.contact === contact && contact < now;
      if (isRunning && isUnspoken && seen.term === term && raft.votedFor === null) {
        violate('liveness', `node ${raft.config.self.id} waits longer, and heard from no leader`);
      }
    }
    seen.role = role;
    seen.term = term;
    seen.contact = contact;
    seen.deadline = deadline;
  }
}
