import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DaemonLog } from './log.ts';
import type { LogFormat } from './log-formats.ts';

const CLUSTER = 'c'.repeat(32);

function linesOf(format: LogFormat, debug: boolean, speak: (log: DaemonLog) => void) {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const who = { service: 'apex-kv', version: '1.2.3', node: 7 };
  speak(DaemonLog.to(destination, { format, debug, ...who }));
  return lines.map((line) => JSON.parse(line));
}

const broken = new TypeError('broken on purpose');

function speak(log: DaemonLog): void {
  log.debug({ component: 'net', event: 'a.detail' }, 'a detail');
  log.info({ component: 'node', event: 'raft.role', term: 3, index: 9 }, 'a word');
  log.joinCluster(CLUSTER);
  log.error({ component: 'disk', event: 'disk.error', err: broken }, 'an error');
}

test('json: levels are words, times are readable, the cluster is named once it is known', () => {
  const [detail, word, error] = linesOf('json', true, speak);
  expect(detail).toMatchObject({ level: 'debug', msg: 'a detail' });
  expect(word).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    service: 'apex-kv',
    version: '1.2.3',
    node: 7,
    component: 'node',
    event: 'raft.role',
    term: 3,
    index: 9,
    msg: 'a word',
  });
  expect(error).toMatchObject({
    level: 'error',
    cluster: CLUSTER,
    err: { type: 'TypeError', message: 'broken on purpose' },
  });
});

test('details are left out unless they are asked for', () => {
  expect(linesOf('json', false, speak).map(({ msg }) => msg)).toEqual(['a word', 'an error']);
});

test('ecs: the names of the Elastic Common Schema, and ours apart', () => {
  const [word, error] = linesOf('ecs', false, speak);
  expect(word).toEqual({
    '@timestamp': expect.stringMatching(/Z$/),
    'log.level': 'info',
    'log.logger': 'node',
    'ecs.version': '8.11.0',
    message: 'a word',
    service: { name: 'apex-kv', version: '1.2.3', node: { name: '7' } },
    event: { code: 'raft.role' },
    apex: { term: 3, index: 9 },
  });
  expect(error).toMatchObject({
    apex: { cluster: CLUSTER },
    error: {
      type: 'TypeError',
      message: 'broken on purpose',
      stack_trace: expect.stringContaining('log.test.ts'),
    },
  });
});

test('datadog: its standard attributes, and ours beside them', () => {
  const [word, error] = linesOf('datadog', false, speak);
  expect(word).toEqual({
    timestamp: expect.stringMatching(/Z$/),
    status: 'info',
    message: 'a word',
    ddsource: 'nodejs',
    service: 'apex-kv',
    version: '1.2.3',
    node: 7,
    component: 'node',
    event: 'raft.role',
    term: 3,
    index: 9,
  });
  expect(error).toMatchObject({
    cluster: CLUSTER,
    error: { kind: 'TypeError', message: 'broken on purpose', stack: expect.any(String) },
  });
});

/** What a process says that speaks many lines at once, closes its log and exits. */
function saidBy(format: LogFormat): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'apex-kv-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'stdout');
  const stdout = openSync(file, 'a');
  const program = `
    import { pbkdf2 } from 'node:crypto';
    import { DaemonLog } from ${JSON.stringify(new URL('./log.ts', import.meta.url).href)};
    const who = { format: '${format}', debug: false, service: '', version: '', node: 1 };
    // The pool's only thread is busy: the first line is on its way when the last one is said.
    pbkdf2('', '', 100_000, 64, 'sha512', () => {});
    const log = DaemonLog.open(who);
    const line = { component: 'node', event: 'a.b' };
    for (let at = 0; at < ${LINES}; at++) log.info(line, 'word ' + at + '.'.repeat(1000));
    log.fatal(line, 'the last word');
    await log.close();
    process.exit(9);`;
  const args = ['--input-type=module', '--eval', program];
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const stdio = ['ignore', stdout, 'inherit'] as const;
  const { status } = spawnSync(process.execPath, args, { stdio: [...stdio], env });
  closeSync(stdout);
  expect(status).toBe(9);
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

const LINES = 500;

test.each(['json', 'pretty'] as const)(
  '%s: the last line before the end is the last one said',
  (format) => {
    const lines = saidBy(format);
    expect(lines.at(-1)).toContain('the last word');
    expect(lines).toHaveLength(LINES + 1);
  },
);
