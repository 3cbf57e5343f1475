import { beforeAll, describe, expect, test } from 'vitest';
import { concatBytes, getU32 } from '../base/bytes.ts';
import { nodeId } from '../base/units.ts';
import type { NodeEvent } from '../node/contract.ts';
import { Node } from '../node/node.ts';
import { JournalReader, JournalWriter } from './journal-bytes.ts';
import { readEvent, writeEvent } from './journal-events.ts';
import { Diverged, replayJournal } from './journal-replay.ts';
import { type Member, putAndGet } from './testing/cluster.ts';
import { Stage } from './testing/stage.ts';

describe('the alphabet', () => {
  const events: NodeEvent[] = [
    { kind: 'connected', connection: 7, address: '127.0.0.1:5000' },
    { kind: 'received', connection: 7, bytes: Uint8Array.of(1, 2, 3) },
    { kind: 'drained', connection: 7 },
    { kind: 'closed', connection: 7 },
    { kind: 'peer-frame', bytes: new Uint8Array(100_000).fill(9) },
    { kind: 'peer-link', peer: nodeId(65_535), up: true },
    { kind: 'gossip', bytes: new Uint8Array(0) },
    {
      kind: 'disk',
      completion: { ticket: 2 ** 40, code: 'ENOENT', bytes: Uint8Array.of(1), files: [] },
    },
    {
      kind: 'disk',
      completion: {
        ticket: 1,
        code: 'OK',
        bytes: new Uint8Array(0),
        files: [{ name: 'a', bytes: 2 ** 35 }],
      },
    },
    { kind: 'admin', request: { kind: 'stop' } },
  ];

  test('every kind of input comes back as it was', () => {
    const writer = new JournalWriter();
    for (const event of events) writeEvent(writer, event);
    const reader = new JournalReader(writer.take());
    expect(events.map(() => readEvent(reader))).toEqual(events);
    expect(reader.isAtEnd).toBe(true);
  });

  test('a journal that was cut off says so', () => {
    const writer = new JournalWriter();
    writeEvent(writer, events[1]!);
    const bytes = writer.take();
    expect(() => readEvent(new JournalReader(bytes.subarray(0, bytes.length - 1)))).toThrow(
      'ends within a record',
    );
  });
});

const newNode = (...parts: ConstructorParameters<typeof Node>): Node => new Node(...parts);

/** Where the ports' answers begin: after the mark, the version and the config. */
const answersAt = (journal: Uint8Array): number => 9 + getU32(journal, 5);
const ANSWER_BYTES = 9;

describe('a recorded run', () => {
  let members: Member[] = [];
  let journals: Uint8Array[] = [];

  beforeAll(async () => {
    const stage = new Stage();
    await stage.open();
    // Whose hash is compared finds out by itself that a byte is another, and rebuilds.
    await stage.boot(3, { knobs: { hashMs: 3_600_000 } });
    await stage.settle();
    members = [...stage.members];
    const values = Array.from({ length: 50 }, (_, key) => `VALUE value ${key}`);
    for (const { listeners } of members) {
      const replies = await putAndGet(listeners.ports.port, 50);
      expect(replies).toEqual([...values.map(() => 'OK'), ...values]);
    }
    await stage.settle();
    await stage.close();
    journals = members.map(({ recorded }) => concatBytes(recorded));
  });

  test('replays to the same outputs and the same state, on each of three nodes', () => {
    for (const [at, { daemon, journal }] of members.entries()) {
      const replayed: Node[] = [];
      const { digest, turns, inputs } = replayJournal(journals[at]!, (config, ports) => {
        replayed.push(new Node(config, ports));
        return replayed[0]!;
      });
      expect(digest).toEqual(journal.digest.value());
      expect(Math.min(turns, inputs, digest.outputs)).toBeGreaterThan(20);
      const [group, live] = [replayed[0]!, daemon.node].map(({ state }) => state.groups[0]!);
      const { chainHigh, chainLow, revision } = live!.store;
      expect(revision).toBeGreaterThanOrEqual(150);
      expect(group!.store).toMatchObject({ chainHigh, chainLow, revision });
      expect(group!.raft.appliedIndex).toBe(live!.raft.appliedIndex);
    }
  });

  test('replays to other outputs when a client had sent another byte', () => {
    const journal = journals[0]!.slice();
    const at = Buffer.from(journal.buffer).indexOf('value 33');
    expect(at).toBeGreaterThan(0);
    journal[at]! ^= 1;
    const { digest } = replayJournal(journal, newNode);
    expect(digest.sha256).not.toBe(members[0]!.journal.digest.value().sha256);
  });

  test('is not replayed past the point where the node asks for something else', () => {
    const [journal] = journals;
    const at = answersAt(journal!);
    const without = concatBytes([journal!.subarray(0, at), journal!.subarray(at + ANSWER_BYTES)]);
    expect(() => replayJournal(without, newNode)).toThrow(Diverged);
    const answer = journal!.subarray(at, at + ANSWER_BYTES);
    const twice = concatBytes([journal!.subarray(0, at), answer, journal!.subarray(at)]);
    expect(() => replayJournal(twice, newNode)).toThrow(Diverged);
  });
});
