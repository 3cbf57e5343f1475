/**
 * liveness: who hears no quorum leads nobody (check-quorum, §6.2). A leader looks once in an
 * election timeout, at who was heard within the last one: so after each of its turns a quorum has
 * been heard within two. What it heard is written down here, frame by frame, as it came in; any frame
 * counts, so this asks less than the machine does.
 */
import { getU16 } from '../../../src/base/bytes.ts';
import { isVoter } from '../../../src/core/members.ts';
import type { LeaderState, RaftState } from '../../../src/core/raft/state.ts';
import { configurationIndex, currentConfiguration } from '../../../src/core/raft/state.ts';
import type { NodeState } from '../../../src/node/state.ts';
import { isQuorum } from './quorum.ts';
import { violate } from './violate.ts';

const FROM_AT = 16;

interface Office {
  readonly leading: LeaderState;
  /** Its members count as heard when they joined. */
  readonly configurationIndex: number;
  readonly sinceMs: number;
  /** Nothing can be wrong before. */
  soundUntilMs: number;
}

export class OfficeCheck {
  readonly #heardAtMs = new Map<number, number>();
  readonly #offices = new WeakMap<RaftState, Office>();
  #arrived = new Set<number>();

  /** A frame enters the node; its turn comes at once. */
  heard(frame: Uint8Array): void {
    this.#arrived.add(getU16(frame, FROM_AT));
  }

  /** Another process remembers nothing. */
  restarted(): void {
    this.#arrived.clear();
    this.#heardAtMs.clear();
  }

  afterTurn({ phase, now, groups }: NodeState): void {
    if (this.#arrived.size > 0) {
      for (const id of this.#arrived) this.#heardAtMs.set(id, now);
      this.#arrived.clear();
    }
    if (phase !== 'serving') return;
    for (const { raft } of groups) if (raft.leading !== null) this.#checkOffice(raft, now);
  }

  #checkOffice(raft: RaftState, now: number): void {
    const office = this.#officeOf(raft, now);
    if (now <= office.soundUntilMs) return;
    const configuration = currentConfiguration(raft);
    const { self, electionTimeoutMs } = raft.config;
    const spanMs = 2 * electionTimeoutMs;
    const isHeard = ({ id }: { readonly id: number }): boolean =>
      id === self.id || now - Math.max(office.sinceMs, this.#heardAtMs.get(id) ?? 0) <= spanMs;
    if (!isQuorum(configuration, isHeard)) {
      const role = isVoter(configuration, self) ? 'leads' : 'leads without a vote';
      violate('liveness', `node ${self.id} ${role}, and has heard no quorum for ${spanMs} ms`);
    }
    office.soundUntilMs = now + electionTimeoutMs / 4;
  }

  #officeOf(raft: RaftState, now: number): Office {
    const known = this.#offices.get(raft);
    const index = configurationIndex(raft);
    const leading = raft.leading!;
    if (known?.leading === leading && known.configurationIndex === index) return known;
    const spanMs = 2 * raft.config.electionTimeoutMs;
    const office = {
      leading,
      configurationIndex: index,
      sinceMs: now,
      soundUntilMs: now + spanMs,
    };
    this.#offices.set(raft, office);
    return office;
  }
}
