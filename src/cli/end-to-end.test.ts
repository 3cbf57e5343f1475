/**
 * The command as a user runs it: processes of its own, against a real cluster of three.
 *
 * Starting a process costs more than what it does here, so they run side by side.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bestImplementation } from '../runtime/native/choice.ts';
import { type Member, until } from '../runtime/testing/cluster.ts';
import { stageOfAll } from '../runtime/testing/stage.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

interface Ended {
  readonly out: string;
  readonly complaints: string;
  readonly exit: number | null;
}

function kv(args: readonly string[], input = ''): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1' };
  const child = spawn(process.execPath, [MAIN, ...args], { env });
  const [out, complaints]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  child.stdin.on('error', () => {}).end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit) =>
      resolve({ out: `${Buffer.concat(out)}`, complaints: `${Buffer.concat(complaints)}`, exit }),
    );
  });
}

const stage = stageOfAll(3);

/** Of a command that says whether all is well: on a busy machine it may not be at once. */
async function inTime(args: readonly string[]): Promise<Ended> {
  let ended = await kv(args);
  await until(async () => {
    if (ended.exit !== 0) ended = await kv(args);
    return ended.exit === 0;
  });
  return ended;
}

const addressOf = ({ listeners }: Member): string => `127.0.0.1:${listeners.ports.port}`;
const httpOf = ({ listeners }: Member): string => `127.0.0.1:${listeners.ports.httpPort}`;

const isLeader = ({ daemon }: Member): boolean =>
  daemon.node.state.groups[0]?.raft.role === 'leader';

test("the seed's lines are answered as it shows, by the leader and by a follower", async () => {
  const leader = stage.members.find(isLeader)!;
  const follower = stage.members.find((member) => !isLeader(member))!;
  const ends = await Promise.all(
    [leader, follower].map((member, at) => {
      const lines = `PUT mykey${at} hello world\nGET mykey${at}\nDEL mykey${at}\nGET mykey${at}\n`;
      return kv(['--client', addressOf(member)], `${lines}METRICS\n`);
    }),
  );
  for (const { out, exit } of ends) {
    expect(out).toMatch(
      /^OK\nhello world\nOK\n\(nil\)\nops_get=\d+ ops_put=\d+ p99_get=\d+µs p99_put=\d+µs\n$/,
    );
    expect(exit).toBe(0);
  }
});

test('one command: answers and exit statuses', async () => {
  const all = stage.members.map(addressOf).join(',');
  expect(await kv(['client', all, 'PUT', 'k', 'a', 'value'])).toMatchObject({
    out: 'OK\n',
    exit: 0,
  });
  const [value, missing, swap, number, unknown, usage] = await Promise.all([
    kv(['client', all, 'get', 'k']),
    kv(['client', all, 'GET', 'nothing here']),
    kv(['client', all, 'CAS', 'k', 'another', 'v']),
    kv(['client', all, 'INCR', 'n', '-3']),
    kv(['client', all, 'FETCH', 'k']),
    kv(['client', all, '--tiemout', '1s', 'GET', 'k']),
  ]);
  expect(value).toMatchObject({ out: 'a value\n', exit: 0 });
  expect(missing).toMatchObject({ out: '(nil)\n', exit: 3 });
  expect(swap).toMatchObject({ out: 'CONDITION_FAILED it holds a value\n', exit: 4 });
  expect(number).toMatchObject({ out: '-3\n', exit: 0 });
  expect(unknown).toMatchObject({ out: '', exit: 2 });
  expect(usage).toMatchObject({ out: '', exit: 2 });
  expect(usage!.complaints).toContain('Did you mean --timeout?');
});

describe('looking at nodes', () => {
  test('status, healthcheck, and what is not there', async () => {
    const gone = '127.0.0.1:1';
    const [status, partly, healthy, sick, nobody] = await Promise.all([
      inTime(['status', '--http', stage.members.map(httpOf).join(','), '-o', 'json']),
      kv(['status', '--http', `${httpOf(stage.members[0]!)},${gone}`]),
      inTime(['healthcheck', '--http', httpOf(stage.members[0]!)]),
      kv(['healthcheck', gone]),
      kv(['client', gone, 'GET', 'k']),
    ]);
    const nodes: { role: string; state: string }[] = JSON.parse(status!.out);
    expect(nodes.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
    expect(nodes.filter(({ role }) => role === 'leader').length).toBe(1);
    expect(partly).toMatchObject({ exit: 9, out: expect.stringContaining('unreachable') });
    expect(healthy).toEqual({ out: '', complaints: '', exit: 0 });
    expect(sick).toMatchObject({ exit: 9, out: '' });
    expect(sick!.complaints).toMatch(/^CLUSTER_UNHEALTHY 127\.0\.0\.1:2001: /);
    expect(nobody).toMatchObject({ exit: 5, out: '' });
    expect(nobody!.complaints).toMatch(/^UNAVAILABLE no node can be reached/);
  });
});

test('config: settings are shown, and changed wherever the leader is', async () => {
  const nodes = stage.members.map(httpOf).join(',');
  const set = await kv(['config', 'set', 'quota', '3GiB', '--http', nodes]);
  expect([set.complaints, set.exit]).toEqual(['', 0]);
  expect(set.out).toContain(`quota\t${3 * 2 ** 30}\n`);
  const [got, bad, odd, nobody] = await Promise.all([
    kv(['config', 'get', '--http', nodes, '-o', 'json']),
    kv(['config', 'set', 'quota', 'much', '--http', nodes]),
    kv(['config', 'set', 'colour', 'blue', '--http', nodes]),
    kv(['config', 'get', '--http', '127.0.0.1:1']),
  ]);
  expect(JSON.parse(got!.out)).toMatchObject({ durability: 'durable' });
  expect(bad).toMatchObject({ exit: 2, complaints: 'BAD_SETTING quota much\n' });
  expect(odd).toMatchObject({ exit: 2, complaints: 'BAD_SETTING colour blue\n' });
  expect(nobody).toMatchObject({ exit: 5, out: '' });
});

describe('bench', () => {
  const { addon, reason } = bestImplementation();
  const shape = ['--threads', '3', '--ops', '600', '--keys', '50', '--fill', '--json'];
  const allAddresses = () => stage.members.map(addressOf).join(',');

  test('the last line of --json is the object that others read', async () => {
    const { out, complaints, exit } = await kv(['--bench', allAddresses(), ...shape]);
    const source = addon === null ? 'load from JavaScript' : 'load from native threads';
    expect([exit, complaints]).toEqual([0, expect.stringContaining(source)]);
    const report = JSON.parse(out.trimEnd().split('\n').at(-1)!);
    expect(report).toMatchObject({ ops: 600, errors: 0 });
    const names = 'ops seconds opsPerSecond p50us p90us p99us p999us maxus errors';
    expect(Object.keys(report).join(' ')).toBe(names);
  });

  test.skipIf(addon === null)(
    `a native load leaves its keys in the store (skipped without it: ${reason})`,
    async () => {
      const args = ['--keys', '40', '--value-bytes', '3', '--mix', 'put=1', '--load', 'native'];
      const ended = await kv(['bench', allAddresses(), ...shape.slice(0, 4), ...args, '--fill']);
      expect(ended).toMatchObject({ exit: 0, complaints: '' });
      expect(ended.out).toMatch(/^put +600 .* 0 +0$/m);
      const keys = [0, 17, 39].map((key) => `key:${`${key}`.padStart(12, '0')}`);
      const lines = [...keys, 'key:000000000050'].map((key) => `GET ${key}\n`).join('');
      expect((await kv(['client', allAddresses()], lines)).out).toBe('vvv\nvvv\nvvv\n(nil)\n');
    },
  );

  test('JavaScript makes the load where that is asked for', async () => {
    const { complaints, exit } = await kv(['bench', allAddresses(), ...shape, '--load', 'node']);
    expect([exit, complaints]).toEqual([0, expect.stringContaining('load from JavaScript')]);
    const resp = await kv(['bench', allAddresses(), '--load', 'node', '--wire', 'resp']);
    expect(resp).toMatchObject({ exit: 2, out: '' });
  });
});
