/** Helpers of running daemons, closed under them, come back and work. */
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { listen } from './listeners.ts';
import { isSettled, type Member, putAndGet, until } from './testing/cluster.ts';
import { exposition } from './testing/exposition.ts';
import { stageOfTest } from './testing/stage.ts';

const HOST = '127.0.0.1';
/** A minute of supervision in a third of a second. */
const HASTE = 200;
const HASTY_CLOCK: Clock = {
  now: () => performance.now() * HASTE,
  after: (delayMs, ring) => {
    const timer = setTimeout(ring, delayMs / HASTE);
    return () => clearTimeout(timer);
  },
};

const stage = stageOfTest();
const strangers: net.Server[] = [];
afterEach(() => {
  for (const stranger of strangers.splice(0)) stranger.close();
});

async function boot(count: number, clock: Clock = SYSTEM_CLOCK): Promise<void> {
  await stage.boot(count, { clock });
  await stage.settle();
}

async function ask({ listeners }: Member, path: string): Promise<string> {
  return (await fetch(`http://${HOST}:${listeners.ports.httpPort}${path}`)).text();
}

async function sampleOf(member: Member, series: string): Promise<number> {
  return exposition(await ask(member, '/metrics')).samples.get(series) ?? Number.NaN;
}

const restartsOf = (member: Member, helper: string): Promise<number> =>
  sampleOf(member, `apex_helper_restarts_total{helper="${helper}"}`);

describe('under a running node', () => {
  test('a gossip socket that is destroyed comes back on its port, and gossip goes on', async () => {
    await boot(3);
    const [member] = stage.members;
    const { gossip } = member!.daemon.net;
    const { gossipPort } = member!.listeners.ports;
    member!.listeners.gossip.close();
    await until(() => !gossip.isUp);
    await until(() => gossip.isUp);
    expect(await restartsOf(member!, 'gossip')).toBe(1);
    const heard = 'apex_peer_rtt_seconds_count{peer="2"}';
    const before = await sampleOf(stage.members[0]!, heard);
    await until(async () => (await sampleOf(stage.members[0]!, heard)) > before);
    expect(gossip.port).toBe(gossipPort);
    expect(await ask(member!, '/readyz?verbose')).toContain('[+] helpers: all work\n');
  });

  test('a listener that is closed comes back on its port; who was connected stays so', async () => {
    await boot(1);
    const [member] = stage.members;
    const { listeners } = member!;
    const { port } = listeners.ports;
    const kept = net.connect({ port, host: HOST });
    await until(() => member!.daemon.node.state.connections.count === 1);
    listeners.clients.close();
    await until(() => listeners.clients.listening);
    expect(await putAndGet(port, 1)).toEqual(['OK', 'VALUE value 0']);
    expect([kept.destroyed, kept.readyState]).toEqual([false, 'open']);
    kept.destroy();
    expect(await restartsOf(member!, 'clients')).toBe(1);
  });

  test('a listener that cannot accept for want of descriptors is opened anew', async () => {
    await boot(1);
    const [member] = stage.members;
    const { clients, ports } = member!.listeners;
    clients.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    expect(clients.listening).toBe(false);
    const verbose = await ask(member!, '/readyz?verbose');
    if (!clients.listening)
      expect(verbose).toContain('[-] helpers: clients is backing-off: EMFILE');
    await until(() => clients.listening);
    expect(await putAndGet(ports.port, 1)).toEqual(['OK', 'VALUE value 0']);
    const health = JSON.parse(await ask(member!, '/health'));
    const found = health.helpers.find(({ name }: { name: string }) => name === 'clients');
    expect(found).toEqual({
      name: 'clients',
      state: 'running',
      restarts: 1,
      lastFailure: 'EMFILE',
    });
  });

  test('the HTTP door comes back, and says that it was away', async () => {
    await boot(1);
    const [member] = stage.members;
    const { http } = member!.listeners;
    http.close();
    http.closeAllConnections();
    await until(() => http.listening);
    expect(await restartsOf(member!, 'http')).toBe(1);
    expect(await sampleOf(member!, 'apex_helper_up{helper="http"}')).toBe(1);
  });

  test('a datagram that finds nobody is no failure of the socket', async () => {
    await boot(1);
    const [member] = stage.members;
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    member!.listeners.gossip.emit('error', refused);
    expect(member!.daemon.net.gossip.isUp).toBe(true);
    member!.listeners.gossip.emit('error', Object.assign(new Error('down'), { code: 'ENETDOWN' }));
    expect(member!.daemon.net.gossip.isUp).toBe(false);
  });
});

describe('what cannot be had back', () => {
  /** Closes a port under the node and lets somebody else have it. */
  async function take(server: net.Server, port: number): Promise<void> {
    server.close();
    const stranger = net.createServer();
    strangers.push(stranger);
    await listen(stranger, HOST, port);
  }

  test('ends the node in good order when it is the listener, with a code', async () => {
    await boot(3, HASTY_CLOCK);
    const [member] = stage.members;
    await take(member!.listeners.clients, member!.listeners.ports.port);
    const end = await member!.daemon.ended;
    expect(end).toMatchObject({ kind: 'failed', failure: { code: 'HELPER_DOWN' } });
    expect(member!.daemon.node.state.phase).toBe('stopped');
    expect(await ask(member!, '/readyz?verbose')).toContain('clients is down: EADDRINUSE');
    await until(() => isSettled(stage.members.slice(1)));
  }, 30_000);

  test('is done without when it is the HTTP door', async () => {
    await boot(1, HASTY_CLOCK);
    const [member] = stage.members;
    const { http, ports } = member!.listeners;
    await take(http, ports.httpPort);
    const checked = (): string => JSON.stringify(member!.daemon.helpers());
    await until(() => checked().includes('"name":"http","state":"down"'));
    expect(await putAndGet(ports.port, 1)).toEqual(['OK', 'VALUE value 0']);
  }, 30_000);
});

test('a disk that fails is down, and the node has failed', async () => {
  await boot(1);
  const [member] = stage.members;
  member!.daemon.node.state.failure = { code: 'DISK_FAILED', detail: 'EIO in a sync' };
  expect(await member!.daemon.ended).toMatchObject({ kind: 'failed' });
  const disk = member!.daemon.helpers().find(({ name }) => name === 'disk');
  expect(disk).toMatchObject({ state: 'down', restarts: 0, lastFailure: 'EIO in a sync' });
  expect(await sampleOf(member!, 'apex_helper_up{helper="disk"}')).toBe(0);
});
