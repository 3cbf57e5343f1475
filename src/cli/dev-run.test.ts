/** scripts/dev-run.sh, on ports and in a folder of its own. */
import { type ExecFileException, execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/dev-run.sh', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('../../build/kv', import.meta.url));
const OFFSETS = [0, 1, 2].flatMap((at) => [at, at + 1000, at + 2000]);

const scratch = mkdtempSync(join(tmpdir(), 'apex-kv-'));
const folder = join(scratch, 'cluster');
let port = 0;

function isFree(candidate: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.on('error', () => resolve(false));
    server.listen(candidate, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Ports that the kernel does not hand out by itself, so that nobody takes them meanwhile. */
async function firstFreePort(): Promise<number> {
  for (let candidate = 20_000 + (process.pid % 900) * 10; candidate < 30_000; candidate += 10) {
    const answers = await Promise.all(OFFSETS.map((offset) => isFree(candidate + offset)));
    if (answers.every((free) => free)) return candidate;
  }
  throw new Error('no free ports');
}

interface Ended {
  readonly exit: number;
  readonly text: string;
}

function run(file: string, ...args: string[]): Promise<Ended> {
  const env = { ...process.env, APEX_DEV_PORT: `${port}`, APEX_DEV_FOLDER: folder };
  return new Promise((resolve) => {
    execFile(file, args, { env, cwd: '/' }, (error: ExecFileException | null, out, complaints) =>
      resolve({ exit: Number(error?.code ?? 0), text: out + complaints }),
    );
  });
}

afterAll(async () => {
  await run(SCRIPT, 'clean');
  rmSync(scratch, { recursive: true });
});

test('a cluster is started, completed, shown, measured, stopped and removed', async () => {
  port = await firstFreePort();
  const started = await run(SCRIPT, 'start');
  expect(started).toMatchObject({ exit: 0, text: expect.stringContaining('leader') });
  expect(await run(LAUNCHER, 'client', `127.0.0.1:${port + 1}`, 'PUT', 'k', 'v')).toMatchObject({
    exit: 0,
  });

  process.kill(Number(readFileSync(join(folder, 'node-2.pid'), 'utf8')), 'SIGKILL');
  expect(await run(SCRIPT, 'status')).toMatchObject({ exit: 9 });
  const again = await run(SCRIPT, 'start');
  expect(again.text).toMatch(/node 1 runs already\nnode 2 started\nnode 3 runs already\n/);
  expect(again.exit).toBe(0);

  expect((await run(SCRIPT, 'logs')).text).toContain('the node is serving');
  expect(await run(SCRIPT, 'bench', '--ops', '300', '--threads', '3')).toMatchObject({ exit: 0 });
  expect((await run(SCRIPT, 'stop')).text).toBe('stopped\n');
  expect((await run(LAUNCHER, 'client', `127.0.0.1:${port}`, 'PING')).exit).toBe(5);
  await run(SCRIPT, 'clean');
  expect(existsSync(folder)).toBe(false);
}, 120_000);

test('what it does not know is answered by its usage', async () => {
  expect(await run(SCRIPT, 'restart')).toMatchObject({
    exit: 2,
    text: expect.stringMatching(/^usage:/),
  });
  expect(await run(SCRIPT, 'start', 'now')).toMatchObject({ exit: 2 });
});
