/** Daemons whose sockets the native helper owns, alone and beside plain ones. */
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InvariantViolation } from '../../base/assert.ts';
import { concatBytes } from '../../base/bytes.ts';
import { Node } from '../../node/node.ts';
import { replayJournal } from '../journal-replay.ts';
import type { HttpDoor, Listeners } from '../listeners.ts';
import {
  bootOn,
  closeCluster,
  good,
  isSettled,
  type Member,
  openAnywhere,
  putAndGet,
  removeDirectory,
  temporaryDirectory,
  until,
} from '../testing/cluster.ts';
import { type NativeListeners, openNativeListeners } from './listeners.ts';
import { loadAddon } from './load.ts';
import { DOOR, type NetBinding } from './net-binding.ts';

const HOST = '127.0.0.1';
const ANYWHERE = { port: 0, peerPort: null, gossipPort: 0, httpPort: 0 };
const { addon, reason } = loadAddon();
const name = addon === null ? `native sockets (not tried: ${reason})` : 'native sockets';

type Open = (peerPort?: number | null) => Promise<NativeListeners>;

const THREADS = [
  { place: 'on the event loop', isThreaded: false },
  { place: 'on a thread', isThreaded: true },
] as const;

const metrics = async ({ listeners }: Member<HttpDoor>): Promise<string> =>
  (await fetch(`http://${HOST}:${listeners.ports.httpPort}/metrics`)).text();

describe.skipIf(addon === null).each(THREADS)(`${name}, $place,`, ({ isThreaded }) => {
  const native = { binding: addon?.net as NetBinding, isThreaded };
  const openNative: Open = async (peerPort = null) =>
    good(await openNativeListeners(native, HOST, { ...ANYWHERE, peerPort }));

  let directory: string;
  let members: Member<Listeners | NativeListeners>[] = [];
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await closeCluster(members);
    members = [];
    await removeDirectory(directory);
  });

  /** Whoever leads stays it, also where a machine is busy with other things for a while. */
  async function boot(listeners: (Listeners | NativeListeners)[]): Promise<void> {
    members = await bootOn(directory, listeners, { knobs: { electionTimeoutMs: 3_000 } });
    await until(() => isSettled(members));
  }

  async function bootNative(): Promise<{ member: Member<NativeListeners>; port: number }> {
    const listeners = await openNative();
    await boot([listeners]);
    return { member: members[0] as Member<NativeListeners>, port: listeners.ports.port };
  }

  test('carry a cluster of three, which serves at each node', async () => {
    await boot(await Promise.all([openNative(), openNative(), openNative()]));
    for (const { listeners } of members) {
      const replies = await putAndGet(listeners.ports.port, 2);
      expect(replies).toEqual(['OK', 'OK', 'VALUE value 0', 'VALUE value 1']);
    }
    await until(() => isSettled(members));
    const heard = /^apex_peer_rtt_seconds_count\{peer="2"\} [1-9]/m;
    await until(async () => heard.test(await metrics(members[0]!)));
    expect(await metrics(members[0]!)).toContain(
      'apex_port_info{port="net",implementation="native"} 1\n',
    );
    expect(await metrics(members[0]!)).toContain(`\napex_net_thread ${Number(isThreaded)}\n`);
  });

  test('and plain ones make one cluster', async () => {
    await boot([await openAnywhere(), await openNative(), await openNative()]);
    for (const { listeners } of members) {
      expect(await putAndGet(listeners.ports.port, 50)).toHaveLength(100);
    }
    expect(await metrics(members[0]!)).toContain(
      'apex_port_info{port="net",implementation="node"} 1\n',
    );
    const leads = ({ daemon }: (typeof members)[number]): boolean =>
      daemon.node.state.groups[0]!.raft.role === 'leader';
    const leader = members.find(leads)!;
    const others = members.filter((member) => member !== leader);
    await leader.daemon.close();
    await until(() => others.some(leads) && isSettled(others));
    expect(await putAndGet(others[0]!.listeners.ports.port, 1)).toEqual(['OK', 'VALUE value 0']);
  });

  test('keep peers on a port of their own', async () => {
    const listeners = await Promise.all([openNative(0), openNative(0), openNative(0)]);
    members = await bootOn(
      directory,
      listeners.map((one) => ({ ...one, ports: { ...one.ports, port: one.ports.peerPort! } })),
    );
    await until(() => isSettled(members));
    expect(await putAndGet(listeners[1]!.ports.port, 1)).toEqual(['OK', 'VALUE value 0']);
  });

  test('leave a run that replays to the same digest', async () => {
    const { member, port } = await bootNative();
    await putAndGet(port, 200);
    await member.daemon.close();
    const newNode = (...parts: ConstructorParameters<typeof Node>): Node => new Node(...parts);
    const { digest } = replayJournal(concatBytes(member.recorded), newNode);
    expect(digest).toEqual(member.journal.digest.value());
  });

  test('come back on their ports when they are closed; who was connected stays so', async () => {
    const { member, port } = await bootNative();
    const { poller } = member.listeners;
    const kept = net.connect({ port, host: HOST });
    await until(() => member.daemon.node.state.connections.count === 1);
    poller.closeDoor(DOOR.CLIENTS);
    poller.closeGossip();
    await until(() => poller.isDoorOpen(DOOR.CLIENTS) && poller.isGossipOpen());
    expect(await putAndGet(port, 1)).toEqual(['OK', 'VALUE value 0']);
    expect(kept.destroyed).toBe(false);
    kept.destroy();
  });

  test('send nothing of the turn in which the node ends on a violation', async () => {
    const { member, port } = await bootNative();
    const violation = new InvariantViolation('internal', 'broken on purpose');
    const { connections, peers } = member.daemon.node.state;
    expect(peers).not.toBeNull();
    const flush = connections.flush.bind(connections);
    connections.flush = (now) => {
      flush(now);
      throw violation;
    };
    expect(await putAndGet(port, 1).catch(() => 'cut off')).toBe('cut off');
    expect(await member.daemon.ended).toEqual({ kind: 'violated', error: violation });
  });

  test('let the last replies out when the node is asked to stop', async () => {
    const { member, port } = await bootNative();
    const replies = putAndGet(port, 100);
    await until(() => member.daemon.node.state.counters.puts > 0);
    member.daemon.stop();
    expect(await replies).toHaveLength(200);
    expect(await member.daemon.ended).toEqual({ kind: 'stopped' });
    await expect(putAndGet(port, 1)).rejects.toThrow();
  });

  test('whose thread is gone, or does not start, are the end of the node, with a code', async () => {
    let isUp = true;
    const mortal = { ...native.binding, isUp: () => isUp };
    const opened = await openNativeListeners({ ...native, binding: mortal }, HOST, ANYWHERE);
    await boot([good(opened)]);
    isUp = false;
    if (isThreaded) {
      expect(await members[0]!.daemon.ended).toMatchObject({ failure: { code: 'HELPER_DOWN' } });
    } else {
      expect(members[0]!.daemon.helpers().map((one) => one.name)).not.toContain('net-thread');
    }
    const stillborn = { ...native.binding, open: () => -11 };
    const none = await openNativeListeners({ ...native, binding: stillborn }, HOST, ANYWHERE);
    expect(none).toMatchObject({ code: 'HELPER_DOWN' });
  });

  test('that cannot be bound are an error with a code', async () => {
    const { port } = await bootNative();
    const wanted = { ...ANYWHERE, port };
    expect(await openNativeListeners(native, HOST, wanted)).toEqual({
      code: 'PORT_TAKEN',
      detail: `${HOST}:${port} is in use`,
    });
    expect(await openNativeListeners(native, '203.0.113.1', ANYWHERE)).toMatchObject({
      code: 'BAD_FLAG',
    });
  });
});
