/**
 * The command lines of the seed (docs/seed.md), on ports of their own: the development cluster, the
 * three terminals, and the client's first words, piped into it at the leader and at a follower.
 */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, HOST } from '../../../src/runtime/testing/ports.ts';
import { until } from '../cluster.ts';
import { isReady, PATIENCE_MS } from '../lone-node.ts';
import { LAUNCHER, NodeProcess } from '../node-process.ts';
import type { Scenario } from '../scenario.ts';
import { demand } from '../verdict.ts';

const DEV_RUN = fileURLToPath(new URL('../../dev-run.sh', import.meta.url));
const FIRST_WORDS = 'PUT mykey hello world\nGET mykey\nDEL mykey\nGET mykey\nPING\nMETRICS\n';
const ANSWERS =
  /^OK\nhello world\nOK\n\(nil\)\nPONG\nops_get=\d+ ops_put=\d+ p99_get=\d+µs p99_put=\d+µs\n$/;

export const seed: Scenario = {
  name: 'seed',
  about: "the seed's own command lines",
  cluster: 'direct',
  async run({ cluster, load }) {
    await load.restAndVerify();
    const folder = join(cluster.folder, 'seed');
    mkdirSync(folder);
    await developmentCluster(join(folder, 'dev'));
    await threeTerminals(folder);
    return ['dev-run.sh start, three terminals, and --client at leader and followers'];
  },
};

async function developmentCluster(folder: string): Promise<void> {
  const first = await freePorts(3, new Set());
  const env = { ...process.env, APEX_DEV_PORT: `${first}`, APEX_DEV_FOLDER: folder };
  try {
    const { status, out } = await run(DEV_RUN, ['start'], { env });
    demand(status === 0, `dev-run.sh start ended with ${status}: ${out}`);
    for (const at of [0, 1, 2]) await sayFirstWords(first + at);
  } finally {
    await run(DEV_RUN, ['clean'], { env });
  }
}

async function threeTerminals(folder: string): Promise<void> {
  const first = await freePorts(3, new Set());
  const seats = [1, 2, 3].map((id) => ({ id, port: first + id - 1 }));
  const nodes = seats.map(({ id, port }) => {
    const others = seats.filter((seat) => seat.id !== id);
    const peers = others.map((seat) => `${HOST}:${seat.port}:${seat.id}`).join(',');
    const args = ['--id', `${id}`, '--port', `${port}`, '--peers', peers, '--debug'];
    return new NodeProcess(id, args, { logFile: join(folder, `terminal-${id}.log`), folder });
  });
  for (const { id, port } of seats) {
    await until(`terminal ${id} is ready`, PATIENCE_MS, () => isReady(port));
  }
  for (const { port } of seats) await sayFirstWords(port);
  const ends = await Promise.all(nodes.map((node) => node.end('SIGTERM')));
  const statuses = ends.map(({ status }) => status);
  demand(
    statuses.every((status) => status === 0),
    `the terminals ended with ${statuses}`,
  );
}

async function sayFirstWords(port: number): Promise<void> {
  const args = ['--client', `${HOST}:${port}`];
  const { status, out } = await run(LAUNCHER, args, { input: FIRST_WORDS });
  demand(status === 0 && ANSWERS.test(out), `kv --client ended with ${status}, saying ${out}`);
}

interface Ended {
  readonly status: number;
  readonly out: string;
}

function run(
  file: string,
  args: readonly string[],
  { env = process.env, input = '' }: { env?: NodeJS.ProcessEnv; input?: string },
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { env }, (error, out, complaints) =>
      resolve({ status: Number(error?.code ?? 0), out: out + complaints }),
    );
    child.stdin?.end(input);
  });
}
