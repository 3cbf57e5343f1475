/**
 * Bits rot on the disk of a node that has no peer to be healed from: it must say so and end, and must
 * not serve what is left. Its log in the middle, then the snapshot that stands for a part of its log.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../../src/base/errors.ts';
import { freePort } from '../../../src/runtime/testing/ports.ts';
import { until } from '../cluster.ts';
import { Bench, fill, isReady, PATIENCE_MS } from '../lone-node.ts';
import { damageLog, overwrite } from '../rot.ts';
import type { Scenario } from '../scenario.ts';

const FIRST_SEGMENT = 'wal-0000000000000001.segment';
const KIB = 1024;
const MIB = 1024 * KIB;
/** More than the log that a node keeps before it takes a snapshot. */
const SNAPSHOT_AFTER_VALUES = 80;

export const alone: Scenario = {
  name: 'alone',
  about: 'a lone node with a damaged log, another with a damaged snapshot',
  cluster: 'direct',
  async run({ cluster, load }) {
    await load.restAndVerify();
    const folder = join(cluster.folder, 'alone');
    mkdirSync(folder);
    const bench = new Bench(folder);
    await refuseLog(bench);
    await refuseSnapshot(bench);
    return [`refused as documented: ${bench.told.join(', ')}`];
  },
};

async function refuseLog(bench: Bench): Promise<void> {
  await refuse(bench, 6, {
    code: 'WAL_DAMAGED',
    write: (port) => fill(port, 200, 2 * KIB),
    damage: damageLog,
  });
}

async function refuseSnapshot(bench: Bench): Promise<void> {
  await refuse(bench, 7, {
    code: 'SNAPSHOT_DAMAGED',
    write: async (port, data) => {
      await fill(port, SNAPSHOT_AFTER_VALUES, MIB);
      // A snapshot that is relied on is one for which the log was cut.
      const isCut = async () => !readdirSync(data).includes(FIRST_SEGMENT);
      await until('a snapshot', PATIENCE_MS, isCut);
    },
    damage: (data) => overwrite(join(data, snapshotIn(data)), 4 * MIB),
  });
}

/** A cluster of one is written to and stopped; what lies on its disk is damaged; it starts again. */
async function refuse(
  bench: Bench,
  id: number,
  {
    code,
    write,
    damage,
  }: {
    readonly code: ErrorCode;
    readonly write: (port: number, data: string) => Promise<void>;
    readonly damage: (data: string) => void;
  },
): Promise<void> {
  const port = await freePort(new Set());
  const args = ['--port', `${port}`, '--wal-dir', bench.folder];
  const data = join(bench.folder, `apex-${id}`);
  const node = bench.start(id, args);
  await until('a cluster of one is ready', PATIENCE_MS, () => isReady(port));
  await write(port, data);
  await node.end('SIGTERM');
  damage(data);
  await bench.ends(bench.start(id, args), code);
}

const snapshotIn = (folder: string): string =>
  readdirSync(folder).find((name) => name.endsWith('.snapshot')) ?? 'no snapshot';
