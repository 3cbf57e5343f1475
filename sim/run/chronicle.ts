/**
 * What happened in a run, as a person would tell it: what was done to the nodes, and what became
 * of them. It looks on after every turn and takes no part: the digest is the same with or without.
 */
import type { NodeId } from '../../src/base/units.ts';
import { lastIndex } from '../../src/core/raft/log.ts';
import { currentConfiguration, type RaftState } from '../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../src/core/types.ts';
import type { Group } from '../../src/node/group.ts';
import type { FaultRecord } from '../world/faults.ts';

export interface Happening {
  readonly timeMs: number;
  /** 0: nobody in particular. */
  readonly node: number;
  readonly what: string;
  /** Whom a vote goes to; else 0. */
  readonly target: number;
}

/** Faults of single messages: there are thousands of them. */
const NOISE: ReadonlySet<string> = new Set([
  'net-loss',
  'net-duplicate',
  'net-cut',
  'net-dead-target',
  'net-overflow',
  'net-reset-loss',
  'net-reset',
  'net-partition',
  'net-clog',
  'net-replay',
  'backlog-loss',
]);

const FAULT_WORDS: Readonly<Record<string, string>> = {
  'crash-power': 'loses power',
  'crash-process': 'is killed; its kernel lives on',
  pause: 'stands still',
  partition: 'is cut off from some',
  hunt: 'whoever leads is hunted',
  clog: 'a way from it is clogged',
  'link-reset': 'loses a link',
  'client-reset': 'loses a client',
  'client-cut': 'loses a client in the middle of a request',
  wipe: 'loses its disk',
  reconfigure: 'is asked to change the voters',
  'disk-sync-error': 'its disk fails to sync',
  'disk-write-error': 'its disk fails to write',
  'disk-read-error': 'its disk fails to read',
  'disk-slow': 'its disk gets slow',
  'disk-stall': 'its disk stalls',
  'disk-full': 'its disk refuses a write: full',
  'full-disk': 'others fill its disk',
  'disk-misdirected-write': 'its disk writes in the wrong place',
  'slow-cpu': 'its processor gets slow',
  'clock-step': 'its clock jumps',
};

interface Seen {
  raft: RaftState;
  office: string;
  vote: string;
  seats: number;
  snapshot: number;
}

export class Chronicle {
  readonly happenings: Happening[] = [];
  readonly #seen = new Map<string, Seen>();

  fault({ timeUs, kind, node }: FaultRecord): void {
    if (NOISE.has(kind)) return;
    this.#tell(timeUs, node, FAULT_WORDS[kind] ?? kind);
  }

  ended(timeUs: number, what: string): void {
    this.#tell(timeUs, 0, what);
  }

  /** After a turn of `node`. */
  look(timeUs: number, node: NodeId, groups: readonly Group[]): void {
    for (const { id, raft } of groups) {
      const key = `${node}/${id}`;
      const before = this.#seen.get(key);
      const now = seenNow(raft);
      this.#seen.set(key, now);
      const where = groups.length > 1 ? ` (group ${id})` : '';
      if (before?.raft !== raft) {
        const log = `log ${raft.log.baseIndex}…${lastIndex(raft.log)}`;
        this.#tell(timeUs, node, `starts in term ${raft.currentTerm}, ${log}${where}`);
      } else this.#compare(timeUs, node, before, now, where);
    }
  }

  #compare(timeUs: number, node: number, before: Seen, now: Seen, where: string): void {
    const { raft } = now;
    if (now.office !== before.office) this.#tell(timeUs, node, `${roleWords(raft)}${where}`);
    if (now.vote !== before.vote && raft.votedFor !== null && raft.votedFor.id !== node) {
      const what = `votes for ${raft.votedFor.id} in term ${raft.currentTerm}${where}`;
      this.#tell(timeUs, node, what, raft.votedFor.id);
    }
    if (now.seats !== before.seats) {
      this.#tell(timeUs, node, `${configurationWords(currentConfiguration(raft))}${where}`);
    }
    if (now.snapshot > before.snapshot) {
      this.#tell(timeUs, node, `has a snapshot of ${now.snapshot}${where}`);
    }
  }

  #tell(timeUs: number, node: number, what: string, target = 0): void {
    this.happenings.push({ timeMs: Math.floor(timeUs / 1_000), node, what, target });
  }
}

function seenNow(raft: RaftState): Seen {
  return {
    raft,
    office: `${raft.role} ${raft.role === 'follower' ? '' : raft.currentTerm}`,
    vote: `${raft.currentTerm} ${raft.votedFor?.id ?? 0}`,
    seats: raft.configurations.at(-1)!.index,
    snapshot: raft.snapshotIndex,
  };
}

function roleWords({ role, currentTerm, log, commitIndex }: RaftState): string {
  const end = `log ends at ${lastIndex(log)}, committed ${commitIndex}`;
  switch (role) {
    case 'leader':
      return `leads term ${currentTerm}; ${end}`;
    case 'candidate':
      return `stands for term ${currentTerm}; ${end}`;
    case 'pre-candidate':
      return `asks whether it could win; ${end}`;
    case 'follower':
      return `follows in term ${currentTerm}`;
  }
}

const ids = (members: readonly Member[]): string => members.map(({ id }) => id).join(' ');

function configurationWords({ voters, outgoing, learners }: Configuration): string {
  const joint = outgoing.length === 0 ? '' : `, and still ${ids(outgoing)}`;
  return `now ${ids(voters)} vote${joint}${learners.length === 0 ? '' : `; ${ids(learners)} learn`}`;
}
