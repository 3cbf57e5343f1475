/** Plans, and connections under load against a server in this process. */
import { describe, expect, test } from 'vitest';
import { TinyServer } from '../../client/testing/tiny-server.ts';
import { tinyServers } from '../../client/testing/tiny-servers.ts';
import { FLAG, REQUEST } from '../../core/protocol/wire.ts';
import { Load } from './load.ts';
import { fillSharesOf, type Plan, parseMix, type Share, sharesOf } from './plan.ts';
import { PLAN } from './plan-fixture.ts';
import { jsonLine, tableReport } from './report.ts';
import type { Finding } from './run.ts';
import { Tally } from './tally.ts';

const serve = tinyServers();

async function load(server: TinyServer, plan: Plan, share?: Share): Promise<Load> {
  const own = { ...plan, addresses: [server.address], connections: 1 };
  const made = new Load(own, share ?? sharesOf(own)[0]!);
  expect(await made.connect()).toBe(null);
  expect(await made.run()).toBe(null);
  return made;
}

describe('a plan', () => {
  test.each([
    ['get=50,put=50', { get: 50, put: 50, del: 0 }],
    ['del=1', { get: 0, put: 0, del: 1 }],
  ])('the mix %s', (text, mix) => {
    expect(parseMix(text)).toEqual(mix);
  });

  test.each(['', 'get', 'get=0', 'get=1,get=2', 'read=5', 'get=-1'])('no mix: "%s"', (text) => {
    expect(parseMix(text)).toBeTypeOf('string');
  });

  test('all requests are shared out, and all keys are filled, each once', () => {
    expect(sharesOf(PLAN).map(({ operations }) => operations)).toEqual([33, 33, 34]);
    const fills = fillSharesOf(PLAN).map(({ fillFrom, operations }) => [fillFrom, operations]);
    expect(fills).toEqual([
      [0, 3],
      [3, 3],
      [6, 4],
    ]);
  });

  test('connections take turns in keeping the rate', () => {
    expect(sharesOf({ ...PLAN, rate: 300 })[0]!.intervalMs).toBe(10);
  });
});

describe('a connection under load', () => {
  test('sends what was planned, times every answer, and counts missing keys', async () => {
    const server = await serve();
    const { tally, startedAt, endedAt } = await load(server, { ...PLAN, operations: 1000 });
    expect(server.seen.length).toBe(1000);
    const { latency, errors } = tally.total();
    expect([latency.total, errors]).toEqual([1000, 0]);
    expect(endedAt).toBeGreaterThan(startedAt);
    expect(latency.maximum).toBeLessThanOrEqual(Math.ceil((endedAt - startedAt) * 1000));
    const gets = server.seen.filter(({ command }) => command === REQUEST.GET).length;
    expect(tally.latencies[0]!.total).toBe(gets);
    expect(gets).toBeGreaterThan(400);
    expect(gets).toBeLessThan(600);
    expect(tally.misses[0]).toBeGreaterThan(0);
  });

  test('a stale read says so', async () => {
    const server = await serve();
    await load(server, { ...PLAN, isStale: true, mix: { get: 1, put: 0, del: 0 } });
    expect(server.seen.every(({ flags }) => flags === FLAG.STALE)).toBe(true);
  });

  test('filling writes its keys in order', async () => {
    const server = await serve();
    await load(server, PLAN, { ...fillSharesOf(PLAN)[1]!, address: server.address });
    expect([...server.store.keys()]).toEqual([
      'key:000000000003',
      'key:000000000004',
      'key:000000000005',
    ]);
  });

  test('refusals are errors under their code and are not timed', async () => {
    const server = await serve(({ command }) =>
      command === REQUEST.PUT ? 'OVERLOADED' : 'answer',
    );
    const { tally } = await load(server, PLAN);
    const { latency, errors } = tally.total();
    expect(errors).toBeGreaterThan(0);
    expect(latency.total + errors).toBe(100);
    expect([...tally.reasons]).toEqual([['OVERLOADED', errors]]);
  });

  test('what was in flight when a connection ended is an error; the rest goes on', async () => {
    let left = 20;
    const server = await serve(() => (left-- === 0 ? 'close' : 'answer'));
    const { tally } = await load(server, PLAN);
    expect(server.connections).toBe(2);
    const { latency, errors } = tally.total();
    expect(latency.total + errors).toBe(100);
    expect(tally.reasons.get('connection lost')).toBe(errors);
  });

  test('with a rate, requests held up by a stall are timed from when they were due', async () => {
    let isFirst = true;
    const server = await serve(() => {
      if (!isFirst) return 'answer';
      isFirst = false;
      // The server, which shares this thread, stalls.
      const until = performance.now() + 100;
      while (performance.now() < until);
      return 'answer';
    });
    const { tally } = await load(server, { ...PLAN, rate: 1000, operations: 80, pipeline: 1 });
    // One request met the stall; those that were due in its first half waited 50 ms or more.
    expect(tally.total().latency.quantile(0.5)).toBeGreaterThan(40_000);
  });

  test('where nobody listens it says so', async () => {
    const server = await TinyServer.open();
    const { address } = server;
    await server.close();
    const plan = { ...PLAN, addresses: [address] };
    expect(await new Load(plan, sharesOf(plan)[0]!).connect()).toMatch(/ECONNREFUSED/);
  });
});

describe('the report', () => {
  const tally = new Tally();
  for (const micros of [100, 200, 300, 400]) tally.succeed(0, micros, micros === 100);
  tally.fail(1, 'OVERLOADED');
  const finding: Finding = {
    load: 'node',
    tally,
    seconds: 2,
    workers: 1,
    clientCpuSeconds: 1,
    complaint: null,
  };

  test('the line of JSON has the names that others read', () => {
    expect(jsonLine(finding)).toBe(
      '{"ops":4,"seconds":2,"opsPerSecond":2,"p50us":200,"p90us":400,"p99us":400,' +
        '"p999us":400,"maxus":400,"errors":1}',
    );
  });

  test('the table names operations, errors, and where the load came from', () => {
    const text = tableReport(PLAN, finding);
    expect(text).toMatch(/^get +4 +2 +200 +400 +400 +400 +400 +1 +0$/m);
    expect(text).toMatch(/^put +0 .* 1$/m);
    expect(text).toContain('load from JavaScript: 1 threads of this process at 50 % of a core');
    expect(text).toContain('error OVERLOADED: 1 times');
  });
});
