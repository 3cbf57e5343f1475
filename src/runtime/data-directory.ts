/**
 * A node's data directory: `<wal-dir>/apex-<id>/`, made if it is not there, used by one process.
 *
 * 1. On Linux the lock is an abstract socket named after the directory's device and inode: taking
 *    it is atomic, and the kernel gives it back when its owner dies in whatever way, so there is no
 *    stale lock and no process id that might have been reused.
 * 2. The file `lock` names the owner, for people, and for those whom the socket does not reach: a
 *    process in another network namespace (a container with the same volume) has another host name,
 *    and takes the directory for used while the file is fresh. The owner freshens it.
 * 3. Elsewhere the file alone is the lock, judged by whether its process lives. That guards against
 *    mistakes, not against two starts in the same millisecond.
 *
 * A lock file in place of the socket was rejected: to take over a stale one, two starters have to
 * agree on who removes it, which needs a lock.
 */
import fs from 'node:fs';
import net from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Failure, failure } from '../base/errors.ts';

export const LOCK_FILE = 'lock';
const FRESHEN_MS = 2000;
const FRESH_MS = 10_000;

export interface DataDirectory {
  readonly path: string;
  release(): void;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
}

export async function openDataDirectory(
  walDirectory: string,
  id: number,
): Promise<DataDirectory | Failure> {
  const path = join(walDirectory, `apex-${id}`);
  const unwritable = attempt(path, () => fs.mkdirSync(path, { recursive: true }));
  if (unwritable !== null) return unwritable;
  const socket = process.platform === 'linux' ? await takeSocket(path) : null;
  if (socket === 'taken') return locked(path);
  const refusal = isUsedElsewhere(path) ? locked(path) : writeLock(path);
  if (refusal !== null) {
    socket?.close();
    return refusal;
  }
  return { path, release: keepFresh(join(path, LOCK_FILE), socket) };
}

function takeSocket(path: string): Promise<net.Server | 'taken'> {
  const { dev, ino } = fs.statSync(path);
  const socket = net.createServer((stranger) => stranger.destroy());
  return new Promise((resolve) => {
    socket.once('error', () => resolve('taken'));
    socket.listen(`\0apex-kv/${dev}/${ino}`, () => {
      socket.unref();
      resolve(socket);
    });
  });
}

function isUsedElsewhere(path: string): boolean {
  const file = join(path, LOCK_FILE);
  const owner = readOwner(file);
  if (owner === null) return false;
  if (owner.host !== hostname()) return Date.now() - fs.statSync(file).mtimeMs < FRESH_MS;
  return process.platform !== 'linux' && isAlive(owner.pid);
}

/** Null: there is no lock file, or none of ours. */
function readOwner(file: string): Owner | null {
  try {
    const { pid, host } = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<Owner>;
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function writeLock(path: string): Failure | null {
  const owner: Owner = { pid: process.pid, host: hostname() };
  const text = `${JSON.stringify(owner)}\n`;
  return attempt(path, () => fs.writeFileSync(join(path, LOCK_FILE), text));
}

/** Answers how to let go. */
function keepFresh(file: string, socket: net.Server | null): () => void {
  const timer = setInterval(() => {
    const now = new Date();
    // A lock file that cannot be touched is still a lock file; the disk's own errors tell the rest.
    fs.utimes(file, now, now, () => {});
  }, FRESHEN_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    fs.rmSync(file, { force: true });
    socket?.close();
  };
}

function locked(path: string): Failure {
  const owner = readOwner(join(path, LOCK_FILE));
  const by = owner === null ? '' : ` by process ${owner.pid} on ${owner.host}`;
  return failure('DATA_DIR_LOCKED', `${path} is used${by}`);
}

function attempt(path: string, work: () => void): Failure | null {
  try {
    work();
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return failure('DATA_DIR_UNWRITABLE', `${path}: ${code ?? message}`);
  }
}
