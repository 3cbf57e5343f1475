/** A daemon's Raft trace, and what becomes of it when its disk does not take it. */
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../node/raft-trace/event.ts';
import { traceProblems } from '../node/raft-trace/testing/schema.ts';
import { DaemonLog } from './log.ts';
import { RaftTraceFile, type TraceSink } from './raft-trace-file.ts';
import { good, putAndGet, until } from './testing/cluster.ts';
import { stageOfTest } from './testing/stage.ts';

const stage = stageOfTest();

const EVENT: TraceEvent = {
  name: 'InitState',
  nid: '1',
  state: { term: 0, vote: '0', commit: 0 },
  role: 'StateFollower',
  log: 0,
  conf: [[], []],
};

function newLog() {
  const lines: { event: string; reason: string }[] = [];
  const options = { format: 'json', debug: false, service: 's', version: '0', node: 1 } as const;
  return { lines, log: DaemonLog.to({ write: (line) => lines.push(JSON.parse(line)) }, options) };
}

async function openAt(path: string): Promise<RaftTraceFile> {
  return good(await RaftTraceFile.open({ path, log: DaemonLog.silent() })) as RaftTraceFile;
}

test('three daemons write traces that a judge can read, each by itself and together', async () => {
  const paths = [1, 2, 3].map((id) => join(stage.directory, `raft-${id}.jsonl`));
  const traces = await Promise.all(paths.map(openAt));
  await stage.boot(3, { traces });
  await stage.settle();
  for (let n = 0; n < 20; n++) await putAndGet(stage.members[n % 3]!.listeners.ports.port, 1);
  await stage.settle();
  await stage.stop();
  await Promise.all(traces.map((trace) => trace.close()));
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  for (const text of texts) {
    expect(traceProblems(text)).toEqual([]);
  }
  const together = texts.join('').trimEnd().split('\n');
  expect(together.length).toBeGreaterThan(300);
  const timeOf = (line: string): number => JSON.parse(line).ts;
  together.sort((left, right) => timeOf(left) - timeOf(right));
  expect(traceProblems(`${together.join('\n')}\n`)).toEqual([]);
  expect(texts.join('')).toContain('"name":"BecomeLeader"');
});

test('a node that starts again goes on in the same file', async () => {
  const path = join(stage.directory, 'raft.jsonl');
  for (const _ of [1, 2]) {
    const trace = await openAt(path);
    trace.take(EVENT);
    await trace.close();
  }
  const text = await readFile(path, 'utf8');
  expect(text.match(/InitState/g)?.length).toBe(2);
  expect(traceProblems(text)).toEqual([]);
});

test('a file that cannot be written is told before the node begins', async () => {
  const path = join(stage.directory, 'no', 'such', 'folder');
  const answer = await RaftTraceFile.open({ path, log: DaemonLog.silent() });
  expect(answer).toMatchObject({ code: 'BAD_FLAG', detail: expect.stringContaining('ENOENT') });
});

describe('a trace ends, and the log says so once', () => {
  test('when a write fails', async () => {
    const { lines, log } = newLog();
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const sink: TraceSink = { appendFile: () => Promise.reject(full), close: async () => {} };
    const trace = new RaftTraceFile(sink, { path: 'x', log });
    trace.take(EVENT);
    await until(() => lines.length > 0);
    trace.take(EVENT);
    await trace.close();
    expect(lines).toMatchObject([{ event: 'raft-trace.ended', reason: 'ENOSPC' }]);
  });

  test('when its disk stands still and its queue is full; what it has is whole', async () => {
    const { lines, log } = newLog();
    const path = join(stage.directory, 'slow.jsonl');
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const sink: TraceSink = {
      appendFile: (text) => gate.then(() => appendFile(path, text)),
      close: async () => {},
    };
    const trace = new RaftTraceFile(sink, { path, log });
    for (let n = 0; lines.length === 0 && n < 100_000; n++) trace.take(EVENT);
    expect(lines).toMatchObject([{ reason: 'the disk does not keep up' }]);
    go();
    await trace.close();
    const text = await readFile(path, 'utf8');
    expect(text.length).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(traceProblems(text)).toEqual([]);
  });
});
