/**
 * Drives the life of each helper: hears of failures, opens anew when that is due, gives up.
 *
 * 1. A failure is counted while the helper works; what a socket says while it is closed or opened
 *    anew is part of that.
 * 2. Not every end is announced: now and then each helper is asked whether it is up.
 * 3. Each change is told to the log. What a helper's end means for the node is for `gaveUp` to say.
 */
import { assert } from '../base/assert.ts';
import { type Millis, millis } from '../base/units.ts';
import type { HelperState } from '../node/charts/supervision.ts';
import {
  beginRestart,
  helperFailed,
  helperOpened,
  newSupervised,
  type Supervised,
  stopHelper,
} from '../node/supervision.ts';
import type { Clock } from './clock.ts';
import type { Helper, HelperName } from './helper.ts';
import type { Component, DaemonLog } from './log.ts';

const LOOK_MS = 1000;

const COMPONENTS: Record<HelperName, Component> = {
  disk: 'disk',
  'net-thread': 'net',
  clients: 'net',
  peers: 'net',
  gossip: 'net',
  http: 'http',
};

export interface SupervisorOptions {
  readonly helpers: readonly Helper[];
  readonly clock: Clock;
  /** Any whole number, for pauses. */
  readonly chance: () => number;
  readonly log: DaemonLog;
  /** A helper is down for good. */
  readonly gaveUp: (helper: Helper, reason: string) => void;
}

export interface HelperStatus {
  readonly name: HelperName;
  readonly state: HelperState;
  readonly isVital: boolean;
  readonly restarts: number;
  /** In the machine's own words; null: it has not failed. */
  readonly lastFailure: string | null;
}

interface Row {
  readonly helper: Helper;
  readonly supervised: Supervised;
  lastFailure: string | null;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #rows: readonly Row[];
  #cancelLook: () => void;

  /** The helpers are open. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#rows = options.helpers.map((helper) => {
      const supervised = newSupervised(helper.policy);
      helperOpened(supervised);
      return { helper, supervised, lastFailure: null };
    });
    this.#cancelLook = options.clock.after(LOOK_MS, () => this.#look());
  }

  /** In the order in which they were handed over. */
  statuses(): readonly HelperStatus[] {
    return this.#rows.map(({ helper, supervised, lastFailure }) => ({
      name: helper.name,
      state: supervised.life.state,
      isVital: helper.isVital,
      restarts: supervised.restarts,
      lastFailure,
    }));
  }

  /** A helper says, or somebody noticed, that it does not work any more. */
  failed(name: HelperName, error: unknown): void {
    const row = this.#row(name);
    if (row.supervised.life.state === 'running') this.#failed(row, reasonOf(error));
  }

  /** The node does without it from now on. */
  stop(names: readonly HelperName[]): void {
    for (const { helper, supervised } of this.#rows) {
      if (names.includes(helper.name)) stopHelper(supervised);
    }
  }

  /** Nothing is opened any more. */
  stopAll(): void {
    this.#cancelLook();
    for (const { supervised } of this.#rows) stopHelper(supervised);
  }

  #row(name: HelperName): Row {
    const row = this.#rows.find(({ helper }) => helper.name === name);
    assert(row !== undefined, 'internal', 'a helper that nobody handed over');
    return row;
  }

  #look(): void {
    this.#cancelLook = this.#options.clock.after(LOOK_MS, () => this.#look());
    for (const { helper } of this.#rows) {
      if (!helper.isUp()) this.failed(helper.name, 'found closed');
    }
  }

  #failed(row: Row, reason: string): void {
    const { helper, supervised } = row;
    row.lastFailure = reason;
    helper.close();
    if (helperFailed(supervised, this.#now(), this.#options.chance()) === 'down') {
      this.#gaveUp(row, reason);
      return;
    }
    const inMs = supervised.dueAt - this.#now();
    const line = { ...headOf(helper, 'helper.failed'), reason, inMs };
    this.#options.log.warn(line, `${helper.name} failed: ${reason}; again in ${inMs} ms`);
    this.#plan(row);
  }

  #gaveUp({ helper, supervised }: Row, reason: string): void {
    const failures = supervised.failures.length;
    const line = { ...headOf(helper, 'helper.down'), reason, failures };
    const remains = helper.isVital ? 'the node stops' : 'the node goes on without it';
    this.#options.log.error(line, `${helper.name} is given up: ${reason}; ${remains}`);
    this.#options.gaveUp(helper, reason);
  }

  #plan(row: Row): void {
    const { clock } = this.#options;
    const delayMs = Math.max(1, row.supervised.dueAt - this.#now());
    clock.after(delayMs, () => {
      if (beginRestart(row.supervised, this.#now())) this.#restart(row);
      else if (row.supervised.life.state === 'backing-off') this.#plan(row);
    });
  }

  #restart(row: Row): void {
    const { helper } = row;
    assert(helper.reopen !== null, 'internal', 'a helper that has no restart was to be restarted');
    helper.reopen().then(
      () => this.#reopened(row),
      (error: unknown) => {
        if (row.supervised.life.state === 'restarting') this.#failed(row, reasonOf(error));
      },
    );
  }

  /** It may have been stopped while it was being opened. */
  #reopened({ helper, supervised }: Row): void {
    if (supervised.life.state !== 'restarting') {
      helper.close();
      return;
    }
    helperOpened(supervised);
    const { restarts } = supervised;
    const line = { ...headOf(helper, 'helper.restarted'), restarts };
    this.#options.log.info(line, `${helper.name} works again`);
  }

  #now(): Millis {
    return millis(Math.floor(this.#options.clock.now()));
  }
}

const headOf = ({ name }: Helper, event: string) => ({
  component: COMPONENTS[name],
  event,
  helper: name,
});

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
