/**
 * A rude client: it calls a node now and then and says what no library says. Unknown commands, keys
 * that are too long, flags and lengths that make no sense, a second HELLO; then perhaps bytes of no
 * frame at all; or it comes with more connections than a node takes.
 *
 * 1. Each frame has its answer, in its place, with the code that wire.md names; what was refused is
 *    skipped, and the next frame is heard.
 * 2. After bytes of no frame come the replies that are due, BAD_FRAME, and the end.
 * 3. Nothing of it may trouble the node, nor those whom it serves meanwhile.
 */
import { asciiBytes } from '../../src/base/text.ts';
import type { NodeId } from '../../src/base/units.ts';
import { writeHello } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import { ReplyReader, readRefusal } from '../../src/core/protocol/replies.ts';
import { FLAG, REPLY, REQUEST, ROLE, WIRE_VERSION } from '../../src/core/protocol/wire.ts';
import { KEY_BYTES_MAX } from '../../src/core/types.ts';
import { violate } from '../check/online/violate.ts';
import type { ClientConnection } from '../world/net-clients.ts';
import type { ClientSink } from '../world/net-connection.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { World } from '../world/world.ts';
import { recur } from './recur.ts';

const RUDE_EVENT = eventKind('rude');
const CALLS_MAX = 40;
const PATIENCE_MS = 2_000;
const CROWD_MS = 100;
const CROWD_PERMILLE = 60;
const GIBBERISH_PERMILLE = 400;

const PONG = 'PONG';
/** Of replies that are no refusal. */
const NAMES = new Map<number, string>([
  [REPLY.PONG, PONG],
  [REPLY.WELCOME, 'WELCOME'],
]);

export interface RudeOptions {
  readonly world: World;
  /** Whom it may call. */
  readonly nodes: readonly NodeId[];
  /** What a node takes at most. */
  readonly connectionsMax: number;
}

export class RudeClients {
  readonly #options: RudeOptions;
  readonly #stream: Stream;
  readonly #open: RudeCall[] = [];
  #count = 0;
  #isOver = false;

  constructor(options: RudeOptions) {
    this.#options = options;
    this.#stream = options.world.streams.stream('rude');
  }

  /** About every `meanMs`; never if that is 0. */
  start(meanMs: number): void {
    const { scheduler } = this.#options.world;
    recur({ scheduler, kind: RUDE_EVENT, stream: this.#stream, meanMs }, () => {
      if (this.#isOver || this.#count++ >= CALLS_MAX) return 'over';
      const isCrowd = this.#stream.permille(CROWD_PERMILLE);
      const node = this.#stream.pick(this.#options.nodes);
      if (isCrowd) this.#crowd(node);
      else this.#call(node, PATIENCE_MS, () => speech(this.#stream));
      return 'again';
    });
  }

  /** Hangs up, too. */
  end(): void {
    this.#isOver = true;
    for (const call of this.#open.splice(0)) call.hangUp();
  }

  #call(node: NodeId, spanMs: number, speak: () => Speech): void {
    const { scheduler, net } = this.#options.world;
    const call = new RudeCall(speak);
    call.connection = net.connect(node, 'rude', call);
    this.#open.push(call);
    scheduler.after(spanMs * 1_000, RUDE_EVENT, 0, () => call.hangUp());
  }

  /** Whoever is refused is cut off at once; the others are answered. */
  #crowd(node: NodeId): void {
    for (let n = 0; n <= this.#options.connectionsMax; n++) this.#call(node, CROWD_MS, greeting);
  }
}

interface Speech {
  readonly bytes: Uint8Array;
  /** What is answered, in order: a code, or the name of a reply. */
  readonly replies: readonly string[];
}

class RudeCall implements ClientSink {
  connection: ClientConnection | null = null;
  readonly #speak: () => Speech;
  readonly #reader = new ReplyReader();
  #due: readonly string[] = [];
  #told = 0;

  constructor(speak: () => Speech) {
    this.#speak = speak;
  }

  hangUp(): void {
    this.connection?.close(true);
    this.connection = null;
  }

  connected(): void {
    const { bytes, replies } = this.#speak();
    this.#due = replies;
    this.connection?.send(bytes);
  }

  received(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.clear();
    reader.receive(bytes);
    for (let row = 0; row < reader.count; row++) this.#take(row);
    if (reader.broken) wrong('what a node sent is no reply');
  }

  closed(): void {
    this.connection = null;
  }

  #take(row: number): void {
    const command = this.#reader.command[row]!;
    const told = NAMES.get(command) ?? readRefusal(this.#reader, row).code;
    const due = this.#due[this.#told++] ?? 'nothing';
    if (told !== due) wrong(`told ${told}, where ${due} was due`);
  }
}

function greeting(): Speech {
  const writer = new FrameWriter(7);
  writer.frame(REQUEST.PING, 0, 1, 0);
  return { bytes: writer.take(), replies: [PONG] };
}

function speech(stream: Stream): Speech {
  const writer = new FrameWriter(7);
  const replies: string[] = [];
  const count = stream.between(1, 8);
  for (let seq = 1; seq <= count; seq++) replies.push(say(stream, writer, seq));
  if (!stream.permille(GIBBERISH_PERMILLE)) return { bytes: writer.take(), replies };
  // The first byte of a frame and no magic: else a lone one would be no client's.
  const at = writer.frame(REQUEST.PING, 0, 0, stream.below(300));
  writer.bytes[at - 15] = stream.below(0xec);
  fill(stream, writer, at - 14);
  return { bytes: writer.take(), replies: [...replies, 'BAD_FRAME'] };
}

/** One frame; answers what it deserves. */
function say(stream: Stream, writer: FrameWriter, seq: number): string {
  const wishes = stream.permille(300) ? FLAG.TYPED : 0;
  switch (stream.below(7)) {
    case 0:
      writer.frame(REQUEST.PING, wishes, seq, 0);
      return PONG;
    case 1: {
      const command = stream.pick([0, 0x06, 0x0f, 0x26, 0x7f, 0xff]);
      fill(stream, writer, writer.frame(command, stream.below(256), seq, stream.below(2_000)));
      return 'UNKNOWN_COMMAND';
    }
    case 2: {
      const keyBytes = KEY_BYTES_MAX + 1 + stream.below(100);
      const payloadAt = writer.frame(REQUEST.GET, wishes, seq, 4 + keyBytes);
      writer.string(payloadAt, new Uint8Array(keyBytes), 0, keyBytes);
      return 'KEY_TOO_LARGE';
    }
    case 3:
      // A read is of no session, and a write is never stale.
      keyed(writer, stream.pick([REQUEST.GET, REQUEST.DEL]), FLAG.SESSION | FLAG.STALE, seq);
      return 'MALFORMED';
    case 4:
      // Longer than what it says.
      writer.frame(REQUEST.PING, wishes, seq, stream.between(1, 40));
      return 'MALFORMED';
    case 5: {
      // Its key would end behind its frame.
      const payloadAt = writer.frame(REQUEST.GET, wishes, seq, 4);
      writer.bytes.set([0, 0, 0, 1 + stream.below(200)], payloadAt);
      return 'MALFORMED';
    }
    default: {
      const hello = { versionMin: WIRE_VERSION, versionMax: WIRE_VERSION, name: asciiBytes('r') };
      writeHello(writer, seq, { role: ROLE.CLIENT, features: 0, ...hello });
      // Only the first frame may be one.
      return seq === 1 ? 'WELCOME' : 'MALFORMED';
    }
  }
}

function keyed(writer: FrameWriter, command: number, flags: number, seq: number): void {
  const key = asciiBytes('rude');
  const payloadAt = writer.frame(command, flags, seq, 4 + key.length);
  writer.string(payloadAt, key, 0, key.length);
}

function fill(stream: Stream, writer: FrameWriter, from: number): void {
  const end = from + 8;
  for (let at = from; at < end && at < writer.bytes.length; at++) {
    writer.bytes[at] = stream.below(256);
  }
}

function wrong(what: string): never {
  violate('program-order', `a rude client: ${what}`);
}
