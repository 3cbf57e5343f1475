/** The native load against the JavaScript one: the same requests, the same counts. */
import { describe, expect, test } from 'vitest';
import { type Fate, type Seen, TinyServer } from '../../client/testing/tiny-server.ts';
import { tinyServers } from '../../client/testing/tiny-servers.ts';
import { bestImplementation } from '../../runtime/native/choice.ts';
import { runNativeShares } from './native-run.ts';
import { fillSharesOf, type Plan, sharesOf } from './plan.ts';
import { PLAN as SMALL } from './plan-fixture.ts';
import { tableReport } from './report.ts';
import { type Finding, runShares } from './run.ts';

const { addon, reason } = bestImplementation();

const serve = tinyServers();

const PLAN: Plan = {
  ...SMALL,
  connections: 1,
  operations: 2000,
  mix: { get: 5, put: 3, del: 1 },
  keys: 1000,
  threads: { native: 2, node: 1 },
};

function good(finding: Finding | string): Finding {
  if (typeof finding === 'string') throw new Error(finding);
  return finding;
}

describe.skipIf(addon === null)(`the native load (skipped without it: ${reason})`, () => {
  const run = async (plan: Plan, shares = sharesOf(plan)) =>
    good(await runNativeShares(addon!, plan, shares));

  test.each(['uniform', 'zipfian'] as const)(
    'sends, byte for byte, what the JavaScript load sends: %s keys',
    async (distribution) => {
      const [left, right] = [await serve(), await serve()];
      const plan = { ...PLAN, distribution, isStale: true };
      await run({ ...plan, addresses: [left.address] });
      await runShares(
        { ...plan, addresses: [right.address] },
        sharesOf({ ...plan, addresses: [right.address] }),
      );
      expect(left.seen.length).toBe(2000);
      expect(left.seen).toEqual(right.seen);
    },
  );

  test('connections have seeds of their own, and threads change nothing about that', async () => {
    const keysOf = async (threads: number) => {
      const server = await serve();
      const plan = { ...PLAN, addresses: [server.address], connections: 5 };
      await run({ ...plan, threads: { native: threads, node: 1 } });
      return server.seen.map(({ key }) => key).sort();
    };
    const keys = await keysOf(1);
    expect(new Set(keys).size).toBeGreaterThan(800);
    expect(await keysOf(3)).toEqual(keys);
  });

  test('counts operations, misses and refusals as the JavaScript load does', async () => {
    const fateOf = ({ command, key }: Seen): Fate =>
      command === 2 && key.endsWith('7') ? 'OVERLOADED' : 'answer';
    const [left, right] = [await serve(fateOf), await serve(fateOf)];
    const ours = await run({ ...PLAN, addresses: [left.address] });
    const plan = { ...PLAN, addresses: [right.address] };
    const theirs = good(await runShares(plan, sharesOf(plan)));
    const counts = ({ tally }: Finding) => ({
      done: tally.latencies.map(({ total }) => total),
      misses: tally.misses,
      errors: tally.errors,
      reasons: [...tally.reasons],
    });
    expect(counts(ours)).toEqual(counts(theirs));
    expect(ours.tally.reasons.get('OVERLOADED')).toBeGreaterThan(20);
  });

  test('its latencies lie between nothing and the whole time', async () => {
    const server = await serve();
    const { tally, seconds, load } = await run({ ...PLAN, addresses: [server.address] });
    const { latency } = tally.total();
    expect(load).toBe('native');
    expect(latency.total).toBe(2000);
    expect(latency.quantile(0.5)).toBeGreaterThan(0);
    expect(latency.maximum).toBeLessThanOrEqual(Math.ceil(seconds * 1e6));
  });

  test('the report says where the load came from', async () => {
    const server = await serve();
    const plan = { ...PLAN, addresses: [server.address] };
    expect(tableReport(plan, await run(plan))).toContain('load from native threads: 1 threads');
  });

  test('filling writes its keys in order', async () => {
    const server = await serve();
    const plan = { ...PLAN, addresses: [server.address], keys: 10 };
    await run(plan, fillSharesOf(plan));
    expect([...server.store.keys()]).toEqual(
      Array.from({ length: 10 }, (_, key) => `key:${`${key}`.padStart(12, '0')}`),
    );
  });

  test('where nobody listens, or a name means nothing, it says so', async () => {
    const server = await TinyServer.open();
    const { address } = server;
    await server.close();
    const plan = { ...PLAN, addresses: [address] };
    expect(await runNativeShares(addon!, plan, sharesOf(plan))).toBe('Connection refused');
    const nowhere = { ...PLAN, addresses: [{ host: 'nowhere.invalid', port: 1 }] };
    expect(await runNativeShares(addon!, nowhere, sharesOf(nowhere))).toContain('nowhere.invalid');
  });
});
