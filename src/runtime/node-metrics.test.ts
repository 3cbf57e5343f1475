/** Each series of what the node keeps in tables, moved by what it counts, in a scrape. */
import { expect, test } from 'vitest';
import { type Member, putAndGet, until } from './testing/cluster.ts';
import { exposition } from './testing/exposition.ts';
import { stageOfTest } from './testing/stage.ts';

const stage = stageOfTest();

async function scrape({ listeners }: Member): Promise<(series: string) => number> {
  const answer = await fetch(`http://127.0.0.1:${listeners.ports.httpPort}/metrics`);
  const { samples, problems } = exposition(await answer.text());
  expect(problems).toEqual([]);
  return (series) => samples.get(series) ?? Number.NaN;
}

async function bootOne(): Promise<Member> {
  await stage.boot(1);
  await stage.settle();
  return stage.members[0]!;
}

test('requests, stages and batches have their durations and sizes', async () => {
  const member = await bootOne();
  const before = await scrape(member);
  await putAndGet(member.listeners.ports.port, 20);
  const after = await scrape(member);
  const moved = (series: string): number => after(series) - before(series);
  const request = 'apex_request_duration_seconds_count';
  expect(moved(`${request}{op="put",consistency="linearizable"}`)).toBe(20);
  expect(moved(`${request}{op="get",consistency="linearizable"}`)).toBe(20);
  expect(moved(`${request}{op="get",consistency="stale"}`)).toBe(0);
  expect(moved(`${request}{op="increment",consistency="linearizable"}`)).toBe(0);
  for (const stage of ['queue', 'fsync', 'replicate', 'apply', 'reply']) {
    expect(moved(`apex_stage_duration_seconds_count{stage="${stage}"}`)).toBeGreaterThan(0);
  }
  expect(moved('apex_stage_duration_seconds_sum{stage="replicate"}')).toBeGreaterThan(0);
  expect(moved('apex_stage_duration_seconds_sum{stage="apply"}')).toBeGreaterThan(0);
  expect(moved('apex_wal_batch_entries_count')).toBeGreaterThan(0);
  const all = 'apex_request_duration_seconds_bucket{op="put",consistency="linearizable",le="+Inf"}';
  expect(moved(all)).toBe(20);
});

test('what the log has no room for is counted, as an entry and as requests', async () => {
  const member = await bootOne();
  Object.assign(member.daemon.node.state.wal!.config, { queueBytesMax: 0 });
  const replies = await putAndGet(member.listeners.ports.port, 3);
  expect(replies[0]).toContain('OVERLOADED');
  const value = await scrape(member);
  expect(value('apex_raft_proposals_failed_total{reason="no-room"}')).toBeGreaterThan(0);
  expect(value('apex_raft_proposals_failed_total{reason="lost"}')).toBe(0);
  expect(value('apex_overloaded_total')).toBeGreaterThanOrEqual(3);
});

test('gossip knows the others, and how far they are', async () => {
  await stage.boot(3);
  await stage.settle();
  await until(async () => {
    const value = await scrape(stage.members[0]!);
    const trips = [2, 3].map((peer) => value(`apex_peer_rtt_seconds_count{peer="${peer}"}`));
    return value('apex_gossip_members{state="alive"}') === 2 && trips.every((count) => count > 0);
  });
  await stage.members[2]!.daemon.close();
  await until(async () => {
    const value = await scrape(stage.members[0]!);
    return value('apex_gossip_members{state="alive"}') === 1;
  });
}, 60_000);

const INTRODUCTION = `# Metrics

\`http://HOST:P+2000/metrics\` of each node, in Prometheus' text format. Every series is there from boot,
with 0 where nothing has happened yet. Durations are in seconds, sizes in bytes. A request is counted by
the node that answered the client, an entry by the node that proposed it. What a stage is, and how finely
it is measured, stands in \`src/node/stages.ts\`.

A test writes this page from a node's own answer, and fails while it is out of date; to rewrite it:
\`vitest run src/runtime/node-metrics.test.ts -u\`.

| metric | type | labels | |
|---|---|---|---|
`;

/** A row a family, by name; labels as its samples have them. */
function pageOf(text: string): string {
  const rows = new Map<string, { help: string; type: string; labels: Set<string> }>();
  for (const line of text.split('\n')) {
    const [, word, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (word === 'HELP') rows.set(name!, { help: rest!, type: '', labels: new Set() });
    if (word === 'TYPE') rows.get(name!)!.type = rest!;
    const [, series, labels] = /^(\w+)\{(.*)\} /.exec(line) ?? [];
    if (series === undefined) continue;
    const row = rows.get(series) ?? rows.get(series.replace(/_(bucket|sum|count)$/, ''));
    for (const [, label] of labels!.matchAll(/(\w+)="/g))
      if (label !== 'le') row!.labels.add(label!);
  }
  const names = [...rows.keys()].sort();
  return names
    .map((name) => {
      const { type, labels, help } = rows.get(name)!;
      return `| \`${name}\` | ${type} | ${[...labels].join(', ')} | ${help} |\n`;
    })
    .join('');
}

test('docs/metrics.md has every series that a node has', async () => {
  await stage.boot(3);
  await stage.settle();
  const { httpPort } = stage.members[0]!.listeners.ports;
  const answer = await fetch(`http://127.0.0.1:${httpPort}/metrics`);
  const page = INTRODUCTION + pageOf(await answer.text());
  await expect(page).toMatchFileSnapshot('../../docs/metrics.md');
});
