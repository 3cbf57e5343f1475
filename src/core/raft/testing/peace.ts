/**
 * How every story ends: nothing is broken any more, and then the cluster must come to terms.
 *
 * Everyone is up, the network is whole, disks answer, what was kept back arrives. Within a bounded
 * number of election timeouts somebody leads, everyone who has a seat holds and has applied all of
 * it, and a proposal goes through.
 */
import { assert } from '../../../base/assert.ts';
import { currentConfiguration } from '../state.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { ELECTION_TIMEOUT_MS, TICK_MS } from './fixture.ts';

const TIMEOUTS_MAX = 40;
const STEP_MS = TICK_MS * 10;

/** The stories of one file: clusters that are told of, and that must come to peace after the test. */
export interface Stories {
  story(options: ClusterOptions): Cluster;
  /** For `afterEach`. */
  end(): void;
}

export function newStories(): Stories {
  let open: Cluster[] = [];
  return {
    story(options) {
      const cluster = new Cluster(options);
      open.push(cluster);
      return cluster;
    },
    end() {
      const told = open;
      open = [];
      for (const cluster of told) makePeace(cluster);
    },
  };
}

function makePeace(c: Cluster): void {
  mend(c);
  const { electionTimeoutMs = ELECTION_TIMEOUT_MS } = c.options.config ?? {};
  const limitMs = TIMEOUTS_MAX * electionTimeoutMs;
  for (let passed = 0; passed < limitMs && !isAgreed(c); passed += STEP_MS) c.run(STEP_MS);
  assert(isAgreed(c), 'liveness', `no agreement within ${TIMEOUTS_MAX} election timeouts`);
  assert(proposesStill(c), 'liveness', 'nothing can be proposed in the end');
}

/** Ends all that is broken; everyone who is down starts, and everyone else hears of it. */
export function mend(c: Cluster): void {
  c.heal();
  c.release();
  for (const { id, state } of c.machines) if (state === null) restart(c, id);
  c.autoSync = true;
  for (const { id } of c.machines) c.syncAll(id);
}

/** Starts a machine; the others have a new connection to it. */
export function restart(c: Cluster, id: number): void {
  c.restart(id);
  const { member } = c.machine(id);
  for (const other of c.machines) {
    if (other.state === null || other.id === id) continue;
    c.step(other.id, { kind: 'peer-connected', member });
  }
}

/** Somebody leads by an entry of its own, and everyone with a seat has applied all that it has. */
export function isAgreed(c: Cluster): boolean {
  const leader = c.leader();
  if (leader === 0) return false;
  const state = c.state(leader);
  const { voters, outgoing, learners } = currentConfiguration(state);
  if (outgoing.length > 0 || state.commitIndex < state.leading!.noopIndex) return false;
  if (state.commitIndex < c.witness.highestCommit) return false;
  return [...voters, ...learners].every((member) => {
    const { state: other } = c.machine(member.id);
    return other?.commitIndex === state.commitIndex && other.appliedIndex === state.appliedIndex;
  });
}

/** A proposal still goes through. */
export function proposesStill(c: Cluster): boolean {
  const leader = c.leader();
  if (c.propose(leader, 'last').kind !== 'accepted') return false;
  c.run(5 * ELECTION_TIMEOUT_MS);
  return c.machine(leader).applied.at(-1)!.text === 'last';
}
