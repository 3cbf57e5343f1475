/**
 * Looks at a node after each turn and tells the log what changed: its phase, its cluster, who leads,
 * what it is itself. Counts what only shows between two turns.
 */
import { NOBODY, type NodeId } from '../base/units.ts';
import type { Settings } from '../core/types.ts';
import type { NodeState, Phase } from '../node/state.ts';
import { CLOCK_SKEWED, explainNoLeader, foreignText, stateCheck } from './health.ts';
import type { DaemonLog } from './log.ts';

/** Without a leader the log says why, this often. */
const EXPLAIN_EVERY_MS = 5000;

export interface WatchOptions {
  readonly node: NodeState;
  readonly log: DaemonLog;
  readonly asked: Partial<Settings>;
  readonly linksDown: () => readonly NodeId[];
}

export class Watch {
  readonly #node: NodeState;
  readonly #log: DaemonLog;
  readonly #asked: Partial<Settings>;
  readonly #linksDown: () => readonly NodeId[];
  #settings: Settings | null = null;
  #phase: Phase | null = null;
  #cluster: string | null = null;
  #leader: NodeId = NOBODY;
  #role = '';
  #term = 0;
  #commitIndex: number | null = null;
  #appliedIndex = 0;
  #isClockSkewed = false;
  #foreign: string | null = null;
  #state = '';
  #explainAt: number | null = null;
  /** Entries that became committed, as this node saw it. */
  commits = 0;
  /** When an entry was last applied, on the node's clock; null: never. */
  lastAppliedAt: number | null = null;

  /** Flags that the cluster's settings override. */
  ignored: readonly string[] = [];

  constructor({ node, log, asked, linksDown }: WatchOptions) {
    this.#node = node;
    this.#log = log;
    this.#asked = asked;
    this.#linksDown = linksDown;
  }

  look(now: number): void {
    this.#lookAtPhase();
    this.#lookAtCluster();
    this.#lookAtRaft(now);
    this.#lookAtSettings();
    this.#lookAtClock();
    this.#lookForStrangers();
    this.#lookAtState();
    this.#explain(now);
  }

  #lookAtPhase(): void {
    const { phase } = this.#node;
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#log.info({ component: 'node', event: 'node.phase', phase }, `the node is ${phase}`);
  }

  #lookAtCluster(): void {
    const { cluster, self } = this.#node;
    if (cluster === this.#cluster || cluster === null) return;
    this.#cluster = cluster;
    this.#log.joinCluster(cluster);
    const line = { component: 'node', event: 'node.cluster', store: self?.store } as const;
    this.#log.info(line, `the node belongs to cluster ${cluster}`);
  }

  #lookAtRaft(now: number): void {
    const raft = this.#node.groups[0]?.raft;
    if (raft === undefined) return;
    this.commits += raft.commitIndex - (this.#commitIndex ?? raft.commitIndex);
    this.#commitIndex = raft.commitIndex;
    if (raft.appliedIndex !== this.#appliedIndex) this.lastAppliedAt = now;
    this.#appliedIndex = raft.appliedIndex;
    const { role, leader, currentTerm: term, commitIndex: index } = raft;
    if (role === this.#role && leader === this.#leader && term === this.#term) return;
    this.#role = role;
    this.#leader = leader;
    this.#term = term;
    const who = leader === NOBODY ? 'nobody leads' : `node ${leader} leads`;
    const line = { component: 'node', event: 'raft.role', role, leader, term, index } as const;
    this.#log.info(line, `${who} term ${term}; this node is ${role}`);
  }

  #lookAtSettings(): void {
    const settings = this.#node.groups[0]?.store.settings ?? null;
    if (settings === this.#settings || settings === null) return;
    this.#settings = settings;
    this.ignored = differences(this.#asked, settings);
    for (const difference of this.ignored) {
      this.#log.warn({ component: 'node', event: 'setting.ignored' }, difference);
    }
  }

  #lookAtClock(): void {
    const isSkewed = this.#node.groups.some(({ raft }) => raft.isClockSkewed);
    if (isSkewed === this.#isClockSkewed) return;
    this.#isClockSkewed = isSkewed;
    const line = { component: 'node', event: 'node.clock', skewed: isSkewed } as const;
    if (isSkewed) this.#log.warn(line, CLOCK_SKEWED);
    else this.#log.info(line, "the clock is near the voters' median again");
  }

  #lookForStrangers(): void {
    const foreign = foreignText(this.#node);
    if (foreign === this.#foreign) return;
    this.#foreign = foreign;
    const line = { component: 'node', event: 'node.cluster' } as const;
    if (foreign !== null) this.#log.warn(line, foreign);
    else this.#log.info(line, 'no peer of another cluster is heard any more');
  }

  #lookAtState(): void {
    const { detail, isGood } = stateCheck(this.#node);
    if (detail === this.#state) return;
    const wasTold = this.#state !== '';
    this.#state = detail;
    const line = { component: 'node', event: 'node.state' } as const;
    if (!isGood) this.#log.warn(line, detail);
    else if (wasTold) this.#log.info(line, 'the state of every group is sound again');
  }

  /** The first word comes after the while that an ordinary election takes. */
  #explain(now: number): void {
    const isLed = this.#leader !== NOBODY || this.#node.phase !== 'serving';
    if (isLed || this.#explainAt === null) this.#explainAt = isLed ? null : now + EXPLAIN_EVERY_MS;
    if (this.#explainAt === null || now < this.#explainAt) return;
    this.#explainAt = now + EXPLAIN_EVERY_MS;
    const why = explainNoLeader(this.#node, this.#linksDown());
    this.#log.warn({ component: 'node', event: 'node.waiting' }, why);
  }
}

function differences(asked: Partial<Settings>, settings: Settings): string[] {
  const names = Object.keys(asked) as (keyof Settings)[];
  return names
    .filter((name) => asked[name] !== settings[name])
    .map((name) => `SETTING_IGNORED: ${name} is ${settings[name]}, not ${asked[name]} as asked`);
}
