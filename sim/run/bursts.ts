/**
 * A client in a hurry: now and then it calls a node, asks for all it wants at once, more than a node
 * has room for at first, and hangs up when everything is answered.
 *
 * It does what the other clients do not: it begins with HELLO and any features, pings, reads
 * metrics, wants to be redirected, and takes its replies in the order in which they are ready.
 * No history holds what it asks: it uses each key in one burst only, and judges by itself.
 */
import { type ErrorCode, errorRow, isErrorCode } from '../../src/base/errors.ts';
import { asciiBytes, decodeUtf8 } from '../../src/base/text.ts';
import type { NodeId } from '../../src/base/units.ts';
import { newRequestView, writeHello, writeRequest } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import { NO_STATUS, ReplyReader, readRefusal } from '../../src/core/protocol/replies.ts';
import {
  FEATURE,
  FEATURES_KNOWN,
  FLAG,
  REPLY,
  REQUEST,
  ROLE,
  WIRE_VERSION,
} from '../../src/core/protocol/wire.ts';
import { STATUS } from '../../src/core/types.ts';
import { violate } from '../check/online/violate.ts';
import type { ClientConnection } from '../world/net-clients.ts';
import type { ClientSink } from '../world/net-connection.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { World } from '../world/world.ts';
import { BurstJudge, type Read, type Write } from './burst-judge.ts';
import { addressOf } from './config.ts';
import { checkDeserved } from './deserved.ts';
import { recur } from './recur.ts';

const BURST_EVENT = eventKind('burst');
const BURSTS_MAX = 40;
const PATIENCE_MS = 6_000;
const SIZES = [17, 40, 130];
const KEYS = 3;
/** The longest lies in blocks of its own, where others share a page. */
const VALUE_BYTES = [0, 0, 0, 0, 20, 20, 20, 20, 20, 20, 300, 300, 300, 300, 5_000, 5_000, 20_000];

type Asked =
  | { readonly kind: 'write'; readonly write: Write }
  | { readonly kind: 'read'; readonly read: Read }
  /** Answered by the node itself. */
  | { readonly kind: 'own'; readonly command: number };

export interface BurstOptions {
  readonly world: World;
  /** Whom it may call. */
  readonly nodes: readonly NodeId[];
}

export class Bursts {
  readonly #options: BurstOptions;
  readonly #stream: Stream;
  #count = 0;
  /** Of all but the current one. */
  #servedBefore = 0;
  #isOver = false;
  #current: Burst | null = null;

  constructor(options: BurstOptions) {
    this.#options = options;
    this.#stream = options.world.streams.stream('bursts');
  }

  /** Writes and reads that were answered, and not refused. */
  get served(): number {
    return this.#servedBefore + (this.#current?.served ?? 0);
  }

  /** About every `meanMs`, one at a time; never if that is 0. */
  start(meanMs: number): void {
    const { scheduler } = this.#options.world;
    recur({ scheduler, kind: BURST_EVENT, stream: this.#stream, meanMs }, () => {
      if (this.#isOver || this.#count >= BURSTS_MAX) return 'over';
      if (this.#current === null || this.#current.isOver()) this.#next();
      return 'again';
    });
  }

  /** Ends the one that is under way, too. */
  end(): void {
    this.#isOver = true;
    this.#current?.hangUp();
  }

  #next(): void {
    const { world, nodes } = this.#options;
    const { scheduler, net } = world;
    const node = this.#stream.pick(nodes);
    const burst = new Burst(this.#stream, `b${this.#count++}`, node);
    this.#servedBefore = this.served;
    this.#current = burst;
    burst.connection = net.connect(node, 'burst', burst);
    scheduler.after(PATIENCE_MS * 1_000, BURST_EVENT, 0, () => burst.hangUp());
  }
}

/** What a healthy node may refuse, too. */
const LIMITS: ReadonlySet<string> = new Set<ErrorCode>(['QUOTA_EXCEEDED', 'OVERLOADED']);

/** One call of one node. */
export class Burst implements ClientSink {
  connection: ClientConnection | null = null;
  readonly #stream: Stream;
  readonly #name: string;
  readonly #node: NodeId;
  readonly #judge = new BurstJudge();
  readonly #reader = new ReplyReader();
  readonly #writer = new FrameWriter(7);
  readonly #asked = new Map<number, Asked>();
  /** Null: no HELLO. */
  readonly #features: number | null;
  #isWelcome = false;
  #isOver = false;
  /** Writes and reads that were answered, and not refused. */
  served = 0;
  /** The first refusal that is no matter of a limit; null: all was served. */
  refusal: string | null = null;

  constructor(stream: Stream, name: string, node: NodeId) {
    this.#stream = stream;
    this.#node = node;
    this.#name = name;
    this.#features = stream.permille(600) ? stream.below(FEATURES_KNOWN + 1) : null;
  }

  isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing waits for a reply. */
  isAnswered(): boolean {
    return this.#isOver && this.#asked.size === 0;
  }

  hangUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.connection?.close(this.#stream.permille(300));
    this.#judge.judge();
  }

  connected(): void {
    if (this.#features !== null) {
      const hello = { versionMin: WIRE_VERSION, versionMax: WIRE_VERSION, name: asciiBytes('b') };
      writeHello(this.#writer, 0, { role: ROLE.CLIENT, features: this.#features, ...hello });
    }
    const size = this.#stream.pick(SIZES);
    for (let seq = 1; seq <= size; seq++) this.#ask(seq);
    this.connection?.send(this.#writer.take());
  }

  received(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const reader = this.#reader;
    reader.clear();
    reader.receive(bytes);
    for (let row = 0; row < reader.count; row++) this.#take(row);
    if (reader.broken) wrong('what a node sent is no reply');
    if (this.#asked.size === 0) this.hangUp();
  }

  closed(): void {
    this.connection = null;
    this.hangUp();
  }

  #ask(seq: number): void {
    const view = newRequestView();
    view.seq = seq;
    const key = `${this.#name}.${this.#stream.below(KEYS)}`;
    view.key = asciiBytes(key);
    if (this.#stream.permille(300)) view.flags |= FLAG.TYPED;
    switch (this.#stream.weighted([5, 4, 2, 1, 1, 1])) {
      case 0: {
        const padding = 'x'.repeat(this.#stream.pick(VALUE_BYTES));
        const value = `${seq}${padding}`;
        view.command = REQUEST.PUT;
        view.value = asciiBytes(value);
        this.#asked.set(seq, { kind: 'write', write: this.#judge.write(key, value) });
        break;
      }
      case 1:
      case 2: {
        const isStale = this.#stream.permille(300);
        view.command = REQUEST.GET;
        if (isStale) view.flags |= FLAG.STALE;
        this.#asked.set(seq, { kind: 'read', read: this.#judge.read(key, isStale) });
        break;
      }
      case 3:
        view.command = REQUEST.DEL;
        this.#asked.set(seq, { kind: 'write', write: this.#judge.write(key, null) });
        break;
      case 4:
        view.command = REQUEST.PING;
        this.#asked.set(seq, { kind: 'own', command: REQUEST.PING });
        break;
      default:
        view.command = REQUEST.METRICS;
        this.#asked.set(seq, { kind: 'own', command: REQUEST.METRICS });
    }
    writeRequest(this.#writer, view);
  }

  #take(row: number): void {
    const reader = this.#reader;
    const seq = reader.seq[row]!;
    if (seq === 0 && !this.#isWelcome) {
      this.#greeted(row);
      return;
    }
    const asked = this.#asked.get(seq);
    if (asked === undefined) wrong('a reply to nothing');
    const [next] = this.#asked.keys();
    if (!this.#wishes(FEATURE.COMPLETION_ORDER) && seq !== next) wrong('a reply out of order');
    this.#asked.delete(seq);
    this.#answered(asked, row);
  }

  /** To whoever leads, and that is not who was asked. */
  #redirected(address: string): void {
    if (!this.#wishes(FEATURE.REDIRECT)) wrong('redirected against its wish');
    if (!/^node:[1-7]$/.test(address)) wrong(`redirected to ${address}`);
    if (address === addressOf(this.#node)) wrong('redirected to where it asked');
  }

  #wishes(feature: number): boolean {
    return ((this.#features ?? 0) & feature) !== 0;
  }

  /** Wishes that this version knows are granted. */
  #greeted(row: number): void {
    const isAsked = this.#features !== null;
    if (!isAsked || this.#reader.command[row] !== REPLY.WELCOME) {
      wrong('it is not welcome');
    }
    this.#isWelcome = true;
  }

  #answered(asked: Asked, row: number): void {
    const reader = this.#reader;
    const command = reader.command[row]!;
    if (asked.kind === 'own') {
      const wanted = asked.command === REQUEST.PING ? REPLY.PONG : REPLY.METRICS;
      if (command !== wanted) wrong(`reply ${command} to request ${asked.command}`);
    } else if (reader.status[row] === NO_STATUS) this.#refused(asked, row);
    else this.#served(asked, row);
  }

  #served(asked: Exclude<Asked, { kind: 'own' }>, row: number): void {
    this.served++;
    if (asked.kind === 'write') asked.write.outcome = 'done';
    else asked.read.shown = this.#shown(row);
  }

  #shown(row: number): string | null {
    const status = this.#reader.status[row];
    if (status === STATUS.NOT_FOUND) return null;
    if (status !== STATUS.VALUE) wrong(`status ${status} of a read`);
    return decodeUtf8(this.#reader.value(row));
  }

  #refused(asked: Asked, row: number): void {
    const isRedirect = this.#reader.command[row] === REPLY.REDIRECT;
    const code = isRedirect ? null : readRefusal(this.#reader, row).code;
    checkDeserved(code);
    if (isRedirect) this.#redirected(decodeUtf8(this.#reader.value(row)));
    else if (!LIMITS.has(code!)) this.refusal ??= code;
    if (asked.kind === 'write' && isWithoutEffect(code)) asked.write.outcome = 'refused';
  }
}

/** Null: a redirect. */
const isWithoutEffect = (code: string | null): boolean =>
  code === null || (isErrorCode(code) && errorRow(code).outcome === 'not-applied');

function wrong(what: string): never {
  violate('program-order', `a burst: ${what}`);
}
