/**
 * A recording of one node's run: everything that enters it, in order, as bytes.
 *
 *   start ─▶ { input | turn | answer }*      answer: what a port said when it was asked
 *
 * 1. A node is its config, its inputs, its turns' clocks and its ports' answers: random words, free
 *    bytes, unsent bytes. Nothing else enters it, so the recording replays it (journal-replay.ts).
 * 2. An answer stands where it was asked for: within the construction, the input or the turn before
 *    it.
 * 3. What leaves the node is not recorded, only digested: the replay's digest must be the same.
 * 4. Memory is not an input: the port hands out zeros.
 *
 * For proving that a daemon's run is what its inputs make it, not for debugging at length: it grows
 * without bound.
 */
import { createHash, type Hash } from 'node:crypto';
import type { NodeId } from '../base/units.ts';
import type { NodeConfig } from '../node/config.ts';
import type { NodeDriver, NodeEvent, NodePorts } from '../node/contract.ts';
import { JournalWriter } from './journal-bytes.ts';
import { writeEvent } from './journal-events.ts';

export const RECORD = { START: 1, INPUT: 2, TURN: 3, ANSWER: 4 } as const;

export const JOURNAL_VERSION = 1;

/** Hashes what leaves a node, in order. */
export class OutputDigest {
  readonly #hash: Hash = createHash('sha256');
  #count = 0;

  note(name: string, numbers: readonly number[], bytes: readonly Uint8Array[]): void {
    this.#count++;
    this.#hash.update(`${name} ${numbers.join(' ')} ${bytes.map(({ length }) => length)}\n`);
    for (const one of bytes) this.#hash.update(one);
  }

  /** How much left so far, and its hash. */
  value(): { readonly outputs: number; readonly sha256: string } {
    return { outputs: this.#count, sha256: this.#hash.copy().digest('hex') };
  }
}

/** What port calls go through: `ask` supplies or records answers, `digest` sees what leaves. */
export function tappedPorts(
  ports: NodePorts,
  ask: (answer: () => number) => number,
  digest: OutputDigest,
): NodePorts {
  const { disk, net, memory, entropy } = ports;
  return {
    memory,
    entropy: { word: () => ask(() => entropy.word()) },
    disk: {
      freeBytes: () => ask(() => disk.freeBytes()),
      submit(ticket, operation) {
        const parts = operation.kind === 'write' ? operation.parts : [];
        const rest = operation.kind === 'write' ? { ...operation, parts: [] } : operation;
        digest.note(`disk ${JSON.stringify(rest)}`, [ticket], parts);
        disk.submit(ticket, operation);
      },
    },
    net: {
      keepsBytes: net.keepsBytes,
      unsentBytes: (connection) => ask(() => net.unsentBytes(connection)),
      sendPeer(target, frame) {
        digest.note('peer', [target], [frame]);
        net.sendPeer(target, frame);
      },
      sendGossip(target, datagram) {
        digest.note('gossip', [target], [datagram]);
        net.sendGossip(target, datagram);
      },
      send(connection, bytes) {
        digest.note('send', [connection], [bytes]);
        net.send(connection, bytes);
      },
      pause(connection) {
        digest.note('pause', [connection], []);
        net.pause(connection);
      },
      resume(connection) {
        digest.note('resume', [connection], []);
        net.resume(connection);
      },
      close(connection, reset) {
        digest.note('close', [connection, Number(reset)], []);
        net.close(connection, reset);
      },
    },
  };
}

export class Journal {
  readonly #writer = new JournalWriter();
  readonly #sink: (bytes: Uint8Array) => void;
  readonly digest = new OutputDigest();

  /** `sink` takes the recording's bytes in order, a piece a turn. */
  constructor(sink: (bytes: Uint8Array) => void) {
    this.#sink = sink;
  }

  /** Builds a node on `ports` and records it from its first moment. */
  record<Driver extends NodeDriver>(
    config: NodeConfig,
    ports: NodePorts,
    newNode: (config: NodeConfig, ports: NodePorts) => Driver,
  ): { readonly node: Driver; readonly driver: NodeDriver } {
    const writer = this.#writer;
    writer.u8(RECORD.START).u32(JOURNAL_VERSION).text(encodeConfig(config));
    const ask = (answer: () => number): number => {
      const value = answer();
      writer.u8(RECORD.ANSWER).number(value);
      return value;
    };
    const node = newNode(config, tappedPorts(ports, ask, this.digest));
    return { node, driver: this.#recorded(node) };
  }

  #recorded(node: NodeDriver): NodeDriver {
    const writer = this.#writer;
    return {
      input: (event: NodeEvent) => {
        writeEvent(writer.u8(RECORD.INPUT), event);
        node.input(event);
      },
      turn: (now, wall, micros = now * 1000) => {
        writer.u8(RECORD.TURN).number(now).number(wall).number(micros);
        node.turn(now, wall, micros);
        this.#sink(writer.take());
      },
      deadline: () => node.deadline(),
    };
  }
}

function encodeConfig(config: NodeConfig): string {
  return JSON.stringify({ ...config, addresses: [...config.addresses] });
}

export function decodeConfig(text: string): NodeConfig {
  const config = JSON.parse(text) as Omit<NodeConfig, 'addresses'> & {
    readonly addresses: readonly [NodeId, string][];
  };
  return { ...config, addresses: new Map(config.addresses) };
}
