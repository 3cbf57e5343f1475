/**
 * Probes of what clients are told. A retry under a session proves something only if its first
 * attempt took effect before whoever answers had the office, or the table: the revision of the
 * effect, which the answer repeats, says so.
 */

import { buildRing, type Ring } from '../../../src/core/router/ring.ts';
import type { ClusterProbe } from './catalogue.ts';
import type { ProbeLedger } from './ledger.ts';

/** The newest office in a group. */
export interface Office {
  leader: number;
  /** Of the store, when the office was taken. */
  revision: number;
  /** By node: the revision of the table that it last took from a snapshot. */
  readonly restored: Map<number, number>;
}

/** What stood in the way of the first attempt's answer, when a request was asked again. */
export interface Retry {
  readonly officeRevision: number;
  readonly restoredRevision: number;
}

const REFUSALS: Readonly<Record<string, ClusterProbe>> = {
  DISK_FULL: 'disk-full-refused',
  SESSION_EXPIRED: 'session-lost',
  QUOTA_EXCEEDED: 'quota-refused',
};

export class ClientProbes {
  readonly #probes: ProbeLedger;
  readonly #ring: Ring;
  readonly #officeOf: (group: number) => Office;
  /** Groups whose quota has refused a write since one was accepted. */
  readonly #isOver = new Set<number>();

  constructor(probes: ProbeLedger, groupCount: number, officeOf: (group: number) => Office) {
    this.#probes = probes;
    this.#ring = buildRing(groupCount);
    this.#officeOf = officeOf;
  }

  /** A request under a session is asked again. */
  retried(key: Uint8Array): Retry {
    const { leader, revision, restored } = this.#officeOf(this.#groupOf(key));
    return { officeRevision: revision, restoredRevision: restored.get(leader) ?? 0 };
  }

  /** A request was executed, and its effect has this revision. */
  answered(revision: number, retry: Retry | null): void {
    if (retry === null || revision === 0) return;
    const { officeRevision, restoredRevision } = retry;
    this.#probes.sometimes('session-retry-over-failover', revision <= officeRevision);
    this.#probes.sometimes('session-retry-over-restore', revision <= restoredRevision);
  }

  /** A write that makes a value was executed. */
  grew(key: Uint8Array): void {
    if (this.#isOver.size === 0) return;
    this.#probes.sometimes('quota-recovered', this.#isOver.delete(this.#groupOf(key)));
  }

  refused(code: string, key: Uint8Array): void {
    const probe = REFUSALS[code];
    if (probe !== undefined) this.#probes.sometimes(probe, true);
    if (probe === 'quota-refused') this.#isOver.add(this.#groupOf(key));
  }

  #groupOf(key: Uint8Array): number {
    return this.#ring.ownerOf(key, 0, key.length);
  }
}
