import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EXIT } from '../base/errors.ts';
import { traceProblems } from '../node/raft-trace/testing/schema.ts';
import { openDataDirectory } from '../runtime/data-directory.ts';
import { loadAddon } from '../runtime/native/load.ts';
import { good, removeDirectory, temporaryDirectory, until } from '../runtime/testing/cluster.ts';
import { freePort } from '../runtime/testing/ports.ts';
import { endpointsOf, listenerPortsOf, nodeConfigOf, warningsOf } from './node-config.ts';
import { newProgram, runProgram } from './program.ts';
import * as serve from './serve.ts';
import { addServeFlags, readServeFlags, type ServeFlags } from './serve-flags.ts';
import { VERSION } from './version.ts';

function flagsOf(line: string): ServeFlags {
  const command = addServeFlags(new Command('serve').exitOverride());
  command.parse(
    line.split(' ').filter((word) => word !== ''),
    { from: 'user' },
  );
  return readServeFlags(command);
}

describe('flags', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('without any there is a cluster of one on 7001', () => {
    const flags = flagsOf('');
    expect(nodeConfigOf(flags, '1.2.3')).toMatchObject({
      id: 1,
      ids: [1],
      server: 'apex-kv/1.2.3',
    });
    expect(listenerPortsOf(flags)).toEqual({
      port: 7001,
      peerPort: null,
      gossipPort: 8001,
      httpPort: 9001,
    });
    expect([flags.walDir, flags.debug, warningsOf(flags)]).toEqual(['.', false, []]);
  });

  test("the seed's line: ids, addresses and links", () => {
    const flags = flagsOf('--id 2 --port 7002 --peers 127.0.0.1:7003:3,127.0.0.1:7001:1 --debug');
    const config = nodeConfigOf(flags, VERSION);
    expect(config.ids).toEqual([1, 2, 3]);
    expect(Object.fromEntries(config.addresses)).toEqual({
      1: '127.0.0.1:7001',
      2: '127.0.0.1:7002',
      3: '127.0.0.1:7003',
    });
    expect(endpointsOf(flags)).toEqual([
      { id: 3, host: '127.0.0.1', port: 7003, gossipPort: 8003 },
      { id: 1, host: '127.0.0.1', port: 7001, gossipPort: 8001 },
    ]);
    expect(flags.debug).toBe(true);
  });

  test('a list that names the node itself is the same list', () => {
    const [with1, without1] = ['a:7001:1,b:7002:2', 'b:7002:2'].map((peers) =>
      nodeConfigOf(flagsOf(`--id 1 --peers ${peers}`), VERSION),
    );
    expect(with1!.ids).toEqual(without1!.ids);
  });

  test('the environment stands in for a flag, and a flag goes first', () => {
    vi.stubEnv('APEX_WAL_DIR', '/from/environment');
    vi.stubEnv('APEX_QUOTA', '2GiB');
    vi.stubEnv('APEX_DEBUG', 'false');
    vi.stubEnv('APEX_PORT', '7500');
    const flags = flagsOf('--port 7600');
    expect(flags).toMatchObject({
      walDir: '/from/environment',
      quota: 2 ** 31,
      debug: false,
      port: 7600,
    });
    expect(nodeConfigOf(flags, VERSION).settings).toMatchObject({
      quotaBytes: 2 ** 31,
      durability: 'durable',
    });
  });

  test('what is dangerous is warned about', () => {
    expect(warningsOf(flagsOf('--listen 0.0.0.0'))[0]).toContain('no authentication');
    expect(warningsOf(flagsOf('--durability unsafe'))[0]).toContain('may be lost');
    expect(warningsOf(flagsOf('--listen ::1 --durability strict'))).toEqual([]);
  });
});

describe('a command line that makes no sense', () => {
  async function run(line: string): Promise<{ status: number | null; said: string }> {
    let said = '';
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += text;
      return true;
    });
    const status = await runProgram(newProgram([serve]), line.split(' '));
    write.mockRestore();
    return { status, said };
  }

  test.each([
    ['serve --prot 7001', 'Did you mean --port?'],
    ['--id 1 --prot 7001', 'Did you mean --port?'],
    ['server', 'Did you mean serve?'],
    ['serve --port 70000', 'It is an integer from 1 to 63535.'],
    ['serve --peers localhost', 'is not HOST:PORT:ID'],
    ['serve --durability none', 'Allowed choices are unsafe, durable, strict.'],
    ['serve --quota lots', 'A size is like 64MiB.'],
    ['serve --net raw', 'Allowed choices are native, node.'],
    ['serve more', 'too many arguments'],
    ['serve --groups 4', "unknown option '--groups'"],
  ])('%s', async (line, reason) => {
    const { status, said } = await run(line);
    expect(said).toContain(reason);
    expect(status).toBe(EXIT.USAGE);
  });
});

describe('the process', () => {
  let walDirectory: string;
  beforeEach(async () => {
    walDirectory = await temporaryDirectory();
  });
  afterEach(async () => {
    for (const { child, ended } of started.splice(0)) {
      child.kill('SIGKILL');
      await ended;
    }
    await removeDirectory(walDirectory);
  });

  const started: { child: ChildProcess; ended: Promise<unknown> }[] = [];
  const taken = new Set<number>();
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));

  function start(port: number, flags: string[] = []) {
    const args = ['--id', '1', '--port', String(port), '--wal-dir', walDirectory, ...flags];
    const child = spawn(process.execPath, [main, ...args]);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const lines = (): { event: string; msg: string; code?: string }[] =>
      output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    const ended = once(child, 'close');
    started.push({ child, ended });
    /** Resolves when it has said `words`; when it ends without them, the test fails with what it said. */
    const says = async (words: string): Promise<void> => {
      let isRunning = true;
      void ended.then(() => {
        isRunning = false;
      });
      await until(() => output.includes(words) || !isRunning);
      expect(output).toContain(words);
    };
    return { child, says, lines, ended };
  }

  test('boots, leads, says so line by line, and ends when it is told to', async () => {
    const { child, lines, says, ended } = start(await freePort(taken));
    await says('"role":"leader"');
    child.kill('SIGTERM');
    const [status] = await ended;
    expect(lines()[0]).toMatchObject({
      level: 'info',
      service: 'apex-kv',
      version: VERSION,
      node: 1,
      component: 'node',
      event: 'node.starting',
    });
    expect(lines().map(({ event }) => event)).toContain('node.stopping');
    expect(lines().at(-1)).toMatchObject({ event: 'node.stopped' });
    expect(status).toBe(0);
    expect(fs.existsSync(join(walDirectory, 'apex-1', 'lock'))).toBe(false);
  });

  test('writes a Raft trace that a judge can read, whole to its end', async () => {
    const file = join(walDirectory, 'raft.jsonl');
    const { child, says, ended } = start(await freePort(taken), ['--raft-trace', file]);
    await says('"role":"leader"');
    child.kill('SIGTERM');
    await ended;
    const text = fs.readFileSync(file, 'utf8');
    expect(traceProblems(text)).toEqual([]);
    expect(text).toContain('"name":"BecomeLeader"');
  });

  test('a trace that cannot be written ends it before it begins', async () => {
    const file = join(walDirectory, 'no-such-folder', 'raft.jsonl');
    const { ended, lines } = start(await freePort(taken), ['--raft-trace', file]);
    const [status] = await ended;
    expect(status).toBe(EXIT.USAGE);
    expect(lines().at(-1)).toMatchObject({ code: 'BAD_FLAG' });
    expect(fs.readdirSync(join(walDirectory, 'apex-1'))).toEqual([]);
  });

  test.each(['node', 'native'])('with --disk %s it runs on that, or says why not', async (kind) => {
    const { child, says, ended, lines } = start(await freePort(taken), ['--disk', kind]);
    const { addon } = loadAddon();
    if (kind === 'native' && addon === null) {
      const [status] = await ended;
      expect(status).toBe(EXIT.USAGE);
      expect(lines().at(-1)).toMatchObject({ code: 'BAD_FLAG' });
      return;
    }
    await says('node.starting');
    expect(lines()[0]).toMatchObject({ event: 'node.starting', disk: kind });
    child.kill('SIGTERM');
    await ended;
  });

  test('with --net-thread on it has one, and without native sockets says why not', async () => {
    const { addon } = loadAddon();
    const nets = addon === null ? ['node'] : ['node', 'native'];
    for (const kind of nets) {
      const flags = ['--net', kind, '--net-thread', 'on'];
      const { child, says, ended, lines } = start(await freePort(taken), flags);
      if (kind === 'native') {
        await says('node.starting');
        expect(lines()[0]).toMatchObject({ event: 'node.starting', netThread: true });
        child.kill('SIGTERM');
        await ended;
        continue;
      }
      expect((await ended)[0]).toBe(EXIT.USAGE);
      expect(lines().at(-1)).toMatchObject({ code: 'BAD_FLAG' });
    }
    const [status] = await start(await freePort(taken), ['--net-thread', 'perhaps']).ended;
    expect(status).toBe(EXIT.USAGE);
  });

  test('a port that is taken ends it with the reason and what to do', async () => {
    const port = await freePort(taken);
    const holder = net.createServer();
    await new Promise<void>((resolve) => {
      holder.listen(port, '127.0.0.1', resolve);
    });
    const { ended, lines } = start(port);
    const [status] = await ended;
    holder.close();
    expect(status).toBe(EXIT.ERROR);
    expect(lines().at(-1)).toMatchObject({
      level: 'fatal',
      code: 'PORT_TAKEN',
      msg: expect.stringMatching(/127\.0\.0\.1:\d+ is in use.*choose another/),
    });
  });

  test('a directory in use ends it likewise', async () => {
    const directory = good(await openDataDirectory(walDirectory, 1));
    const { ended, lines } = start(await freePort(taken));
    const [status] = await ended;
    directory.release();
    expect(status).toBe(EXIT.ERROR);
    expect(lines().at(-1)).toMatchObject({ code: 'DATA_DIR_LOCKED' });
  });
});
