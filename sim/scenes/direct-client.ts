/** One client of a scene, at one node: asks one thing, and knows what it was told and when. */
import { asciiBytes, decodeUtf8 } from '../../src/base/text.ts';
import type { NodeId } from '../../src/base/units.ts';
import { newRequestView, writeRequest } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import { NO_STATUS, ReplyReader } from '../../src/core/protocol/replies.ts';
import { FLAG, REQUEST } from '../../src/core/protocol/wire.ts';
import { STATUS } from '../../src/core/types.ts';
import type { ClientConnection } from '../world/net-clients.ts';
import type { Scene } from './scene.ts';

export interface Told {
  /** Of STATUS; NO_STATUS: refused. */
  readonly status: number;
  readonly revision: number;
  readonly value: string;
}

export class DirectClient {
  readonly #scene: Scene;
  readonly #connection: ClientConnection;
  readonly #writer = new FrameWriter(7);
  readonly #reader = new ReplyReader();
  #isConnected = false;
  #isClosed = false;
  #seq = 0;
  /** Answers, in the order of the requests. */
  readonly told: Told[] = [];

  constructor(scene: Scene, id: number) {
    this.#scene = scene;
    this.#connection = scene.cluster.world.net.connect(id as NodeId, `direct ${id}`, {
      connected: () => {
        this.#isConnected = true;
      },
      received: (bytes) => this.#receive(bytes),
      closed: () => {
        this.#isClosed = true;
      },
    });
    scene.until(() => this.#isConnected || this.#isClosed);
  }

  put(key: string, value: string): void {
    this.#send(REQUEST.PUT, key, value);
  }

  get(key: string): void {
    this.#send(REQUEST.GET, key, '');
  }

  remove(key: string): void {
    this.#send(REQUEST.DEL, key, '');
  }

  /** What the request told last says; null if the connection ends first, or nobody answers. */
  answer(): Told | null {
    const isOver = (): boolean => this.told.length === this.#seq || this.#isClosed;
    this.#scene.until(isOver, 10_000);
    return this.told[this.#seq - 1] ?? null;
  }

  #send(command: number, key: string, value: string): void {
    const view = newRequestView();
    view.command = command;
    view.flags = FLAG.TYPED;
    view.seq = ++this.#seq;
    view.key = asciiBytes(key);
    view.value = asciiBytes(value);
    writeRequest(this.#writer, view);
    this.#connection.send(this.#writer.take());
  }

  #receive(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.clear();
    reader.receive(bytes);
    for (let row = 0; row < reader.count; row++) {
      const status = reader.status[row]!;
      const value = status === NO_STATUS ? '' : (decodeUtf8(reader.value(row)) ?? '');
      this.told.push({ status, revision: reader.revision[row]!, value });
    }
  }
}

/** Asks until it is done, wherever somebody serves. Answers what it was told. */
export function insist(scene: Scene, ask: (client: DirectClient) => void): Told {
  for (let attempt = 0; attempt < 50; attempt++) {
    const client = new DirectClient(scene, scene.awaitLeader());
    ask(client);
    const told = client.answer();
    if (told !== null && told.status !== NO_STATUS) return told;
    scene.pass(50);
  }
  throw new RangeError('nobody does it');
}

/** What a linearizable read finds; null: nothing. */
export function read(scene: Scene, key: string): string | null {
  const { status, value } = insist(scene, (client) => client.get(key));
  return status === STATUS.VALUE ? value : null;
}
