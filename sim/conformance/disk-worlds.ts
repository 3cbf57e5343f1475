/** The disks that the conformance suite is run on, behind one face. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskCompletion, DiskOperation } from '../../src/core/disk.ts';
import type { DiskPort } from '../../src/ports/disk.ts';
import type { DaemonDisk, DiskOptions } from '../../src/runtime/daemon-disk.ts';
import { PlainDisk } from '../../src/runtime/disk.ts';
import type { Addon } from '../../src/runtime/native/addon.ts';
import { NativeDisk } from '../../src/runtime/native/disk.ts';
import { loadAddon } from '../../src/runtime/native/load.ts';
import { DiskFixture } from '../world/disk-fixture.ts';

export interface DiskUnderTest {
  readonly port: DiskPort;
  /** In the order in which they came. */
  readonly completions: readonly DiskCompletion[];
  /** Submits under the next ticket, and answers it. */
  submit(operation: DiskOperation): number;
  /** Submits and waits for the completion. */
  run(operation: DiskOperation): Promise<DiskCompletion>;
  /** Waits until nothing is in flight. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface DiskWorld {
  readonly name: string;
  open(): Promise<DiskUnderTest>;
}

const native = loadAddon();

export const diskWorlds: readonly DiskWorld[] = [
  { name: 'the simulated disk', open: openFake },
  { name: 'the plain disk', open: () => openReal((options) => new PlainDisk(options)) },
  ...(native.addon === null ? [] : [nativeWorld(native.addon)]),
];

/** Why there is no native disk among them; null: there is one. */
export const noNativeDisk: string | null = native.reason;

function nativeWorld(addon: Addon): DiskWorld {
  return {
    name: 'the native disk',
    open: () => openReal((options) => new NativeDisk(addon, options)),
  };
}

async function openFake(): Promise<DiskUnderTest> {
  const fixture = new DiskFixture('1', {});
  return {
    port: fixture.disk,
    completions: fixture.completions,
    submit: (operation) => fixture.submit(operation),
    run: async (operation) => fixture.run(operation),
    settle: async () => fixture.scheduler.runWhile(() => fixture.disk.busy() > 0, 1_000_000),
    close: async () => {},
  };
}

async function openReal(build: (options: DiskOptions) => DaemonDisk): Promise<DiskUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'apex-kv-disk-'));
  const completions: DiskCompletion[] = [];
  const waiting = new Map<number, (completion: DiskCompletion) => void>();
  const disk = build({
    directory,
    deliver: (completion) => {
      completions.push(completion);
      waiting.get(completion.ticket)?.(completion);
      waiting.delete(completion.ticket);
    },
    report: () => {},
  });
  let tickets = 0;
  const runs = new Set<Promise<DiskCompletion>>();
  const submit = (operation: DiskOperation): Promise<DiskCompletion> => {
    const ticket = ++tickets;
    const run = new Promise<DiskCompletion>((resolve) => waiting.set(ticket, resolve));
    runs.add(run);
    void run.then(() => runs.delete(run));
    disk.submit(ticket, operation);
    return run;
  };
  return {
    port: disk,
    completions,
    submit: (operation) => {
      void submit(operation);
      return tickets;
    },
    run: submit,
    settle: async () => void (await Promise.all(runs)),
    close: async () => {
      await disk.close();
      await rm(directory, { recursive: true });
    },
  };
}
