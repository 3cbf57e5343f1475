/**
 * The write-ahead log on this machine's own disk, in a temporary folder: what was reported durable
 * comes back, a torn tail is cut, damage in the middle is called by its name.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupId, logIndex, millis, type StoreId, term, ticket } from '../../base/units.ts';
import type { DiskCompletion } from '../../core/disk.ts';
import { ENTRY_KIND, encodeEntry, entryIndex } from '../../core/entry.ts';
import type { WalRecord } from '../../core/types.ts';
import {
  clearWalOut,
  defaultWalConfig,
  newWalOut,
  type WalEvent,
  type WalRecovery,
  type WalState,
} from '../../core/wal/state.ts';
import { wal } from '../../core/wal/step.ts';
import { PlainDisk } from '../../runtime/disk.ts';
import { type Check, same } from './check.ts';

const STORE = '00112233445566778899aabbccddeeff' as StoreId;
const BLOCK_BYTES = 4096;
const FLUSHES = 8;
const ENTRIES_PER_FLUSH = 4;
const WITHIN_MS = 10_000;

/** The machine on a real disk; every flush is waited for. */
class Log {
  readonly #disk: PlainDisk;
  readonly #state: WalState;
  readonly #out = newWalOut();
  #recovery: WalRecovery | null = null;
  #durable = 0;
  #problem: string | null = null;
  #notify: () => void = () => {};

  constructor(directory: string) {
    this.#disk = new PlainDisk({
      directory,
      deliver: (completion: DiskCompletion) => this.#step({ kind: 'disk', completion }),
      report: (operation, error) => {
        if (operation.kind !== 'read') this.#problem = `${operation.kind}: ${String(error)}`;
      },
    });
    this.#state = wal.init({ ...defaultWalConfig(STORE), segmentBytes: 16 * BLOCK_BYTES });
  }

  async open(): Promise<WalRecovery> {
    this.#step({ kind: 'open' });
    await this.#until(() => this.#recovery !== null, 'recovery');
    return this.#recovery!;
  }

  async append(number: number, records: readonly WalRecord[]): Promise<void> {
    this.#step({ kind: 'append', ticket: ticket(number), records });
    await this.#until(() => this.#durable >= number, 'a sync');
  }

  /** As if the process had been killed: nothing is written any more. */
  async abandon(): Promise<void> {
    await this.#disk.close();
  }

  #step(event: WalEvent): void {
    const out = this.#out;
    clearWalOut(out);
    wal.step(this.#state, event, millis(0), out);
    wal.check(this.#state);
    if (out.recovered !== null) this.#recovery = out.recovered;
    if (out.durable > 0) this.#durable = out.durable;
    if (out.failed !== null) this.#problem = out.failed.detail;
    for (const { ticket: number, operation } of out.submissions) {
      this.#disk.submit(number, operation);
    }
    this.#notify();
  }

  #until(isDone: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no end of ${what}`)), WITHIN_MS);
      this.#notify = () => {
        if (!isDone() && this.#problem === null) return;
        clearTimeout(timer);
        this.#notify = () => {};
        if (this.#problem === null) resolve();
        else reject(new Error(this.#problem));
      };
      this.#notify();
    });
  }
}

function entryRecord(index: number): WalRecord {
  const at = { group: groupId(0), term: term(1), index: logIndex(index) };
  const body = new Uint8Array(64).fill(index);
  const head = { kind: ENTRY_KIND.COMMANDS, stamp: index, count: 0, ...at };
  return { kind: 'entry', ...at, bytes: encodeEntry(head, body) };
}

/** Fills a new log, and leaves it as a killed process would. */
async function fill(directory: string): Promise<void> {
  const log = new Log(directory);
  same((await log.open()).verdict, 'clean', 'an empty folder');
  for (let flush = 0; flush < FLUSHES; flush++) {
    const first = flush * ENTRIES_PER_FLUSH + 1;
    const records = Array.from({ length: ENTRIES_PER_FLUSH }, (_, at) => entryRecord(first + at));
    await log.append(flush + 1, records);
  }
  await log.abandon();
}

async function recover(directory: string): Promise<WalRecovery> {
  const log = new Log(directory);
  const recovery = await log.open();
  await log.abandon();
  return recovery;
}

/** Indices in the order in which they came back. */
function indicesOf({ groups }: WalRecovery): number[] {
  return groups.flatMap(({ entries }) => entries.map((entry) => entryIndex(entry)));
}

const ALL = Array.from({ length: FLUSHES * ENTRIES_PER_FLUSH }, (_, at) => at + 1);

function segmentOf(directory: string): string {
  const [first] = readdirSync(directory)
    .filter((name) => name.endsWith('.segment'))
    .sort();
  if (first === undefined) throw new Error('no segment was made');
  return join(directory, first);
}

/** Changes the file of the first segment; `blocks` says how many hold something. */
function tamper(directory: string, change: (bytes: Uint8Array, blocks: number) => void): void {
  const file = segmentOf(directory);
  const bytes = new Uint8Array(readFileSync(file));
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  change(bytes, Math.ceil(end / BLOCK_BYTES));
  writeFileSync(file, bytes);
}

async function inTemporaryFolder(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'apex-kv-test-'));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function comesBack(directory: string): Promise<void> {
  await fill(directory);
  const recovery = await recover(directory);
  same([recovery.verdict, indicesOf(recovery)], ['clean', ALL], 'the log');
}

async function tornTailIsCut(directory: string): Promise<void> {
  await fill(directory);
  tamper(directory, (bytes, blocks) => bytes.fill(0xa5, blocks * BLOCK_BYTES + 100));
  const recovery = await recover(directory);
  same([recovery.verdict, indicesOf(recovery)], ['torn', ALL], 'the log with garbage behind it');
  same((await recover(directory)).verdict, 'clean', 'the log that was cut');
}

async function damageIsNamed(directory: string): Promise<void> {
  await fill(directory);
  // The last byte of the second flush's last body.
  tamper(directory, (bytes) => {
    let at = 2 * BLOCK_BYTES - 1;
    while (bytes[at] === 0) at--;
    bytes[at]! ^= 1;
  });
  const { verdict, damage } = await recover(directory);
  const missing = damage?.missing.map(({ index }) => index as number) ?? null;
  same([verdict, missing], ['damaged', [2 * ENTRIES_PER_FLUSH]], 'the log with a flipped bit');
}

export const logChecks: readonly Check[] = [
  {
    claim: 'the log gives back all that was durable when its process died',
    run: () => inTemporaryFolder(comesBack),
  },
  {
    claim: 'a torn tail of the log is cut, and nothing durable with it',
    run: () => inTemporaryFolder(tornTailIsCut),
  },
  {
    claim: 'damage in the middle of the log is not taken for its end',
    run: () => inTemporaryFolder(damageIsNamed),
  },
];
