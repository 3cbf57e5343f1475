/**
 * A node's disk as the helper it is (src/node/charts/supervision.ts), watched from outside.
 *
 * 1. A failed sync is the end: the turn that hears of it ends with the node failed. Nobody knows any
 *    more what the disk holds, so it is neither tried again nor waited for. (A write to a file in the
 *    making that finds no room may be given up with its file: nothing counts on it yet.)
 * 2. The policy of disks allows no restart: with the node's failure its disk is down, for as long as
 *    this process lives.
 * 3. A disk that is down is asked for no write and no sync.
 * 4. No file gets another name while something of it waits for a sync: a name promises its content.
 */
import { millis } from '../../../src/base/units.ts';
import type { DiskCode, DiskOperation } from '../../../src/core/disk.ts';
import type { NodeEvent } from '../../../src/node/contract.ts';
import type { Node } from '../../../src/node/node.ts';
import {
  helperFailed,
  helperOpened,
  NO_RESTART,
  newSupervised,
  type Supervised,
} from '../../../src/node/supervision.ts';
import type { DiskPhase, SimulatedDisk } from '../../world/disk.ts';
import type { SimulatedProcess } from '../../world/process.ts';
import { violate } from './violate.ts';

export class DiskLife {
  #helper: Supervised = newSupervised(NO_RESTART);
  #incarnation = 0;
  /** Of the operations that are done and not yet heard of, in their order: a sync that failed. */
  #unheard: boolean[] = [];
  #isSyncLost = false;
  readonly #process: SimulatedProcess;
  readonly #disk: SimulatedDisk;

  constructor(process: SimulatedProcess, disk: SimulatedDisk) {
    this.#process = process;
    this.#disk = disk;
    disk.onOperation = (phase, operation, code) => this.#operated(phase, operation, code);
  }

  afterTurn(node: Node): void {
    const { failure } = node;
    this.#follow();
    if (failure === null) {
      const isLost = this.#isSyncLost && node.state.phase !== 'stopped';
      if (isLost) violate('durable-quorum', 'a node goes on after a sync that failed');
      return;
    }
    if (failure.code !== 'DISK_FAILED' || this.#helper.life.state === 'down') return;
    const state = helperFailed(this.#helper, millis(0), 0);
    if (state !== 'down') violate('durable-quorum', 'a disk is to be restarted');
  }

  #operated(phase: DiskPhase, operation: DiskOperation, code: DiskCode | null): void {
    this.#follow();
    if (phase === 'submitted' && operation.kind === 'rename') this.#checkNamed(operation.source);
    if (phase === 'completed') this.#unheard.push(code !== 'OK' && isLost(operation, code));
    if (phase !== 'submitted' || this.#helper.life.state !== 'down') return;
    if (operation.kind === 'write' || isSync(operation)) {
      violate('durable-quorum', `a ${operation.kind} for a disk that is down`);
    }
  }

  #checkNamed(file: string): void {
    const isSettled = this.#disk.find(file)?.isSettled() ?? true;
    if (!isSettled) violate('effect-order', `${file} gets a name before its content is synced`);
  }

  /** To be told all that enters the node, in order. */
  heard({ kind }: NodeEvent): void {
    this.#follow();
    if (kind === 'disk' && this.#unheard.shift() === true) this.#isSyncLost = true;
  }

  /** Another process has another disk to lose. */
  #follow(): void {
    const incarnation = this.#process.incarnation();
    if (incarnation === this.#incarnation) return;
    this.#incarnation = incarnation;
    this.#helper = newSupervised(NO_RESTART);
    helperOpened(this.#helper);
    this.#unheard = [];
    this.#isSyncLost = false;
  }
}

/** A sync that failed, of something that may count. */
function isLost(operation: DiskOperation, code: DiskCode | null): boolean {
  const isGivenUp =
    code === 'ENOSPC' && operation.kind === 'write' && operation.file.endsWith('.tmp');
  return isSync(operation) && !isGivenUp;
}

function isSync(operation: DiskOperation): boolean {
  if (operation.kind === 'write') return operation.sync;
  return operation.kind === 'sync' || operation.kind === 'sync-directory';
}
