/**
 * What a user may get wrong: each time the node says which code, what is the matter and what to do,
 * and ends with the code's status. A request that is too large is refused likewise.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../../src/base/errors.ts';
import type { RequestView } from '../../../src/core/protocol/client.ts';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../src/core/types.ts';
import { freePort } from '../../../src/runtime/testing/ports.ts';
import type { Cluster } from '../cluster.ts';
import { Bench, connect, putView } from '../lone-node.ts';
import type { Scenario } from '../scenario.ts';
import { demand } from '../verdict.ts';

export const refusals: Scenario = {
  name: 'refusals',
  about: 'what users get wrong, each with its code and its remedy',
  cluster: 'direct',
  async run({ cluster, load }) {
    await load.restAndVerify();
    const folder = join(cluster.folder, 'refusals');
    mkdirSync(folder);
    const bench = new Bench(folder);
    await refuseDirectories(bench, cluster);
    await refusePorts(bench, cluster);
    await refuseSizes(bench, cluster);
    return [`refused as documented: ${bench.told.join(', ')}`];
  },
};

async function refuseDirectories(bench: Bench, cluster: Cluster): Promise<void> {
  const { folder } = bench;
  const port = `${await freePort(new Set())}`;

  const file = join(folder, 'file');
  writeFileSync(file, '');
  const inFile = bench.start(1, ['--port', port, '--wal-dir', file]);
  await bench.ends(inFile, 'DATA_DIR_UNWRITABLE');

  const locked = bench.start(1, ['--port', port, '--wal-dir', cluster.folder]);
  await bench.ends(locked, 'DATA_DIR_LOCKED');

  // Copied while its owner writes: of interest is only whose it is.
  cpSync(cluster.directory(1), join(folder, 'apex-9'), { recursive: true });
  const foreign = bench.start(9, ['--port', port, '--wal-dir', folder]);
  await bench.ends(foreign, 'DATA_DIR_FOREIGN');

  rmSync(join(folder, 'apex-9', 'identity'));
  const nameless = bench.start(9, ['--port', port, '--wal-dir', folder]);
  await bench.ends(nameless, 'DATA_DIR_FOREIGN');
}

/** The client port of one is the other's; and the HTTP port of one is the other's client port. */
async function refusePorts(bench: Bench, cluster: Cluster): Promise<void> {
  const { port } = cluster.seat(1);
  for (const taken of [port, port + 2000]) {
    const node = bench.start(8, ['--port', `${taken}`, '--wal-dir', bench.folder]);
    await bench.ends(node, 'PORT_TAKEN');
  }
}

async function refuseSizes(bench: Bench, cluster: Cluster): Promise<void> {
  const connection = await connect(cluster.seat(2).port);
  const requests: [ErrorCode, Partial<RequestView>][] = [
    ['KEY_TOO_LARGE', { key: new Uint8Array(KEY_BYTES_MAX + 1) }],
    ['VALUE_TOO_LARGE', { key: new Uint8Array(1), value: new Uint8Array(VALUE_BYTES_MAX + 1) }],
  ];
  for (const [code, parts] of requests) {
    const answer = await connection.request(putView(parts));
    demand(answer.kind === 'refused' && answer.code === code, `not ${code} but ${answer.kind}`);
    bench.told.push(code);
  }
  connection.close();
}
