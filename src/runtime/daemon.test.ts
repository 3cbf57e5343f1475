import { request as httpRequest } from 'node:http';
import { beforeEach, describe, expect, test } from 'vitest';
import { InvariantViolation } from '../base/assert.ts';
import { isSettled, type Member, putAndGet, until } from './testing/cluster.ts';
import { exposition } from './testing/exposition.ts';
import { stageOfTest } from './testing/stage.ts';

const stage = stageOfTest();

async function ask(member: Member, path: string): Promise<{ status: number; body: string }> {
  const url = `http://127.0.0.1:${member.listeners.ports.httpPort}${path}`;
  const response = await fetch(url);
  return { status: response.status, body: await response.text() };
}

/** Of a GET of exactly this path. */
function statusOf({ listeners }: Member, path: string): Promise<number> {
  const options = { host: '127.0.0.1', port: listeners.ports.httpPort, path, agent: false };
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject).end();
  });
}

const isReady = async (member: Member): Promise<boolean> =>
  (await ask(member, '/readyz')).status === 200;

describe('a cluster of one', () => {
  beforeEach(() => stage.boot(1));

  test('forms, serves, and says so', async () => {
    const [member] = stage.members;
    expect(await ask(member!, '/livez')).toEqual({ status: 200, body: 'ok\n' });
    await until(() => isReady(member!));
    const replies = await putAndGet(member!.listeners.ports.port, 3);
    expect(replies).toEqual(['OK', 'OK', 'OK', 'VALUE value 0', 'VALUE value 1', 'VALUE value 2']);
    const verbose = await ask(member!, '/readyz?verbose');
    expect(verbose.body).toMatch(/^\[\+] serving: serving\n/);
    expect(verbose.body).toMatch(/\n\[\+] fsync: synced \d+ ms ago\n/);
    expect(verbose.body).toMatch(/\nready\n$/);
    const health = JSON.parse((await ask(member!, '/health')).body);
    expect(health).toMatchObject({
      status: 'ready',
      node: 1,
      phase: 'serving',
      failure: null,
      groups: [{ group: 0, role: 'leader', leader: 1 }],
    });
  });

  test('answers what it does not have, and changes nothing over HTTP', async () => {
    const [member] = stage.members;
    expect((await ask(member!, '/')).status).toBe(404);
    const url = `http://127.0.0.1:${member!.listeners.ports.httpPort}/metrics`;
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    // What `fetch` would never send: a path that is no address.
    expect(await statusOf(member!, '//[')).toBe(400);
  });

  test('has metrics that are right in form, all there from the first moment', async () => {
    const [member] = stage.members;
    const before = exposition((await ask(member!, '/metrics')).body);
    await until(() => isReady(member!));
    await putAndGet(member!.listeners.ports.port, 20);
    const after = exposition((await ask(member!, '/metrics')).body);
    expect([before.problems, after.problems]).toEqual([[], []]);
    expect([...before.samples.keys()]).toEqual([...after.samples.keys()]);
    const value = (series: string): number => after.samples.get(series)!;
    expect(value('apex_ops_total{op="put"}')).toBe(20);
    expect(value('apex_ops_total{op="get"}')).toBe(20);
    expect(value('apex_raft_role{role="leader"}')).toBe(1);
    expect(value('apex_raft_role{role="follower"}')).toBe(0);
    expect(value('apex_raft_has_leader')).toBe(1);
    expect(value('apex_store_keys')).toBe(20);
    expect(value('apex_store_bytes')).toBeGreaterThan(20 * 64);
    expect(value('apex_wal_fsync_duration_seconds_count')).toBeGreaterThan(1);
    expect(value('apex_raft_commit_index')).toBe(value('apex_raft_applied_index'));
  });

  test('ends on a violation with its error, and sends nothing after it', async () => {
    const [member] = stage.members;
    await until(() => isReady(member!));
    const violation = new InvariantViolation('internal', 'broken on purpose');
    const { connections } = member!.daemon.node.state;
    connections.flush = () => {
      throw violation;
    };
    const replies = await putAndGet(member!.listeners.ports.port, 1).catch(() => 'cut off');
    expect(replies).toBe('cut off');
    expect(await member!.daemon.ended).toEqual({ kind: 'violated', error: violation });
  });

  test('ends on a failure of the node with its code', async () => {
    const [member] = stage.members;
    await until(() => isReady(member!));
    const failure = { code: 'DISK_FAILED', detail: 'on purpose' } as const;
    member!.daemon.node.state.failure = failure;
    expect(await member!.daemon.ended).toEqual({ kind: 'failed', failure });
    expect(await ask(member!, '/livez')).toMatchObject({ status: 503 });
  });
});

describe('a cluster of three', () => {
  beforeEach(() => stage.boot(3));

  test('agrees, serves at each node, and is not ready before', async () => {
    expect((await ask(stage.members[0]!, '/readyz')).status).toBe(503);
    await stage.settle();
    for (const member of stage.members) {
      await until(() => isReady(member));
      const replies = await putAndGet(member.listeners.ports.port, 2);
      expect(replies).toEqual(['OK', 'OK', 'VALUE value 0', 'VALUE value 1']);
    }
    await stage.settle();
    const chains = stage.members.map(({ daemon }) => daemon.node.state.groups[0]!.store.chainLow);
    expect(new Set(chains).size).toBe(1);
  });

  test('goes on when its leader goes, and two know that one is not connected', async () => {
    await stage.settle();
    const isLeader = ({ daemon }: Member): boolean =>
      daemon.node.state.groups[0]!.raft.role === 'leader';
    const leader = stage.members.find(isLeader)!;
    const others = stage.members.filter((member) => member !== leader);
    await leader.daemon.close();
    await until(() => others.some(isLeader) && isSettled(others));
    expect(await putAndGet(others[0]!.listeners.ports.port, 1)).toEqual(['OK', 'VALUE value 0']);
    const { body } = await ask(others[1]!, '/readyz?verbose');
    expect(body).toContain(`not connected: node ${leader.id}`);
  });
});
