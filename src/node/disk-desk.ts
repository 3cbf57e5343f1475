/**
 * Several machines, one disk port: each machine numbers its own submissions, the port sees numbers
 * that are unique on this node.
 */
import { assert } from '../base/assert.ts';
import type { DiskCompletion, DiskSubmission } from '../core/disk.ts';
import type { DiskPort } from '../ports/disk.ts';

/** `snapshots` of group g is 'snapshots' with that group. */
export type DiskUser = 'identity' | 'wal' | 'snapshots';

export interface Routed {
  readonly user: DiskUser;
  readonly group: number;
  readonly completion: DiskCompletion;
}

export class DiskDesk {
  readonly #disk: DiskPort;
  readonly #users = new Map<number, { user: DiskUser; group: number; ticket: number }>();
  #next = 1;

  constructor(disk: DiskPort) {
    this.#disk = disk;
  }

  get inFlight(): number {
    return this.#users.size;
  }

  submit(user: DiskUser, group: number, submissions: readonly DiskSubmission[]): void {
    for (const { ticket, operation } of submissions) {
      const number = this.#next++;
      this.#users.set(number, { user, group, ticket });
      this.#disk.submit(number, operation);
    }
  }

  /** Whose completion this is, in that machine's own numbering. */
  route(completion: DiskCompletion): Routed {
    const user = this.#users.get(completion.ticket);
    assert(user !== undefined, 'internal', 'a completion nobody asked for');
    this.#users.delete(completion.ticket);
    return {
      user: user.user,
      group: user.group,
      completion: { ...completion, ticket: user.ticket },
    };
  }
}
