import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataDirectory, LOCK_FILE, openDataDirectory } from './data-directory.ts';
import { good, removeDirectory, temporaryDirectory } from './testing/cluster.ts';

let walDirectory: string;
const opened: DataDirectory[] = [];
beforeEach(async () => {
  walDirectory = await temporaryDirectory();
});
afterEach(async () => {
  for (const one of opened.splice(0)) one.release();
  await removeDirectory(walDirectory);
});

async function open(id: number): Promise<DataDirectory> {
  const directory = good(await openDataDirectory(walDirectory, id));
  opened.push(directory);
  return directory;
}

const writeLock = (owner: object): void => {
  fs.mkdirSync(join(walDirectory, 'apex-1'), { recursive: true });
  fs.writeFileSync(join(walDirectory, 'apex-1', LOCK_FILE), JSON.stringify(owner));
};

test('the directory is made, and several nodes may share what lies above it', async () => {
  const one = await open(1);
  const two = await open(2);
  expect([one.path, two.path]).toEqual([
    join(walDirectory, 'apex-1'),
    join(walDirectory, 'apex-2'),
  ]);
  expect(fs.statSync(one.path).isDirectory()).toBe(true);
});

test('a directory in use is refused, and the message names who uses it', async () => {
  await open(1);
  const refusal = await openDataDirectory(walDirectory, 1);
  expect(refusal).toMatchObject({ code: 'DATA_DIR_LOCKED' });
  expect((refusal as { detail: string }).detail).toContain(`process ${process.pid}`);
});

test('of many who start at once exactly one gets the directory', async () => {
  const tries = await Promise.all(
    Array.from({ length: 10 }, () => openDataDirectory(walDirectory, 1)),
  );
  const winners = tries.filter((one) => !('code' in one));
  expect(winners).toHaveLength(1);
  opened.push(winners[0] as DataDirectory);
});

test('a directory that was let go can be taken again', async () => {
  (await open(1)).release();
  opened.length = 0;
  await open(1);
});

test('the lock of a process that was killed holds nobody up', async () => {
  const module = JSON.stringify(new URL('./data-directory.ts', import.meta.url).href);
  const script = `const { openDataDirectory } = await import(${module});
    console.log(await openDataDirectory(process.argv[1], 1)); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, walDirectory]);
  await once(child.stdout, 'data');
  expect(await openDataDirectory(walDirectory, 1)).toMatchObject({ code: 'DATA_DIR_LOCKED' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(fs.existsSync(join(walDirectory, 'apex-1', LOCK_FILE))).toBe(true);
  await open(1);
});

test('a lock left by a process id that now belongs to someone else holds nobody up', async () => {
  const { hostname } = await import('node:os');
  writeLock({ pid: process.ppid, host: hostname() });
  await open(1);
});

test('a fresh lock of another host counts, an old one does not', async () => {
  writeLock({ pid: 1, host: 'another host' });
  expect(await openDataDirectory(walDirectory, 1)).toMatchObject({ code: 'DATA_DIR_LOCKED' });
  const longAgo = new Date(Date.now() - 60_000);
  fs.utimesSync(join(walDirectory, 'apex-1', LOCK_FILE), longAgo, longAgo);
  await open(1);
});

test('a path that cannot be made is refused with the reason', async () => {
  fs.writeFileSync(join(walDirectory, 'file'), '');
  expect(await openDataDirectory(join(walDirectory, 'file'), 1)).toMatchObject({
    code: 'DATA_DIR_UNWRITABLE',
    detail: expect.stringMatching(/ENOTDIR|EEXIST/),
  });
});
