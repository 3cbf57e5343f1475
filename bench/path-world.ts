/**
 * Nodes of one tree in one thread, without sockets and disks: what `npm run bench -- path` drives.
 *
 * 1. What a node sends, and what it asks of its disk, is put aside while its turn lasts and carried
 *    out between turns: a turn's CPU is the node's own.
 * 2. Modules come from the tree that is asked for, so that one bench measures any two of them.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NodeId } from '../src/base/units.ts';
import type { DiskCompletion, DiskFile, DiskOperation } from '../src/core/disk.ts';
import type { NodeEvent } from '../src/node/contract.ts';
import type { Node } from '../src/node/node.ts';
import type { MemoryPort } from '../src/ports/memory.ts';
import type { ConnectionId } from '../src/ports/net.ts';
import { loadAddon } from '../src/runtime/native/load.ts';
import { openMemory } from '../src/runtime/open-memory.ts';

const NO_BYTES = new Uint8Array(0);
const FREE_BYTES = 1e12;
const BOOT_TURNS_MAX = 20_000;
/** So much log that no snapshot is due while the bench runs. */
const LOG_BYTES_MAX = 1e12;

/** What the bench needs of a tree. */
export interface Tree {
  readonly node: typeof import('../src/node/node.ts');
  readonly config: typeof import('../src/node/config.ts');
  readonly settings: typeof import('../src/core/settings.ts');
}

export async function loadTree(folder: string): Promise<Tree> {
  const load = (file: string) => import(pathToFileURL(join(folder, file)).href);
  return {
    node: await load('src/node/node.ts'),
    config: await load('src/node/config.ts'),
    settings: await load('src/core/settings.ts'),
  };
}

/** As the daemon's: with huge pages, where the native helper is. */
function memoryOf(): MemoryPort {
  return openMemory(loadAddon().addon);
}

/** A data directory in memory. */
class MemoryDisk {
  readonly #files = new Map<string, Uint8Array>();
  #waiting: { readonly ticket: number; readonly operation: DiskOperation }[] = [];

  submit(ticket: number, operation: DiskOperation): void {
    this.#waiting.push({ ticket, operation });
  }

  freeBytes(): number {
    return FREE_BYTES;
  }

  /** Carries out what was submitted. */
  complete(): DiskCompletion[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.map(({ ticket, operation }) => ({
      ticket,
      code: this.#isMissing(operation) ? 'ENOENT' : 'OK',
      ...this.#perform(operation),
    }));
  }

  #isMissing(operation: DiskOperation): boolean {
    const { kind } = operation;
    if (kind === 'rename') return !this.#files.has(operation.source);
    const isOfFile = kind === 'write' || kind === 'read' || kind === 'sync' || kind === 'remove';
    return isOfFile && !this.#files.has(operation.file);
  }

  #perform(operation: DiskOperation): { bytes: Uint8Array; files: DiskFile[] } {
    const found = { bytes: NO_BYTES, files: [] as DiskFile[] };
    if (this.#isMissing(operation)) return found;
    switch (operation.kind) {
      case 'create':
        this.#resize(operation.file, operation.bytes);
        break;
      case 'write':
        this.#write(operation.file, operation.offset, operation.parts);
        break;
      case 'read': {
        const { file, offset, length } = operation;
        found.bytes = this.#files.get(file)!.slice(offset, offset + length);
        break;
      }
      case 'rename':
        this.#files.set(operation.target, this.#files.get(operation.source)!);
        this.#files.delete(operation.source);
        break;
      case 'remove':
        this.#files.delete(operation.file);
        break;
      case 'list':
        for (const [name, { length }] of this.#files) found.files.push({ name, bytes: length });
        break;
      default:
        break;
    }
    return found;
  }

  #write(file: string, offset: number, parts: readonly Uint8Array[]): void {
    const end = parts.reduce((sum, part) => sum + part.length, offset);
    this.#resize(file, end);
    let at = offset;
    for (const part of parts) {
      this.#files.get(file)!.set(part, at);
      at += part.length;
    }
  }

  #resize(file: string, bytes: number): void {
    const before = this.#files.get(file);
    if (before !== undefined && before.length >= bytes) return;
    const after = new Uint8Array(bytes);
    if (before !== undefined) after.set(before);
    this.#files.set(file, after);
  }
}

export class PathNode {
  readonly driver: Node;
  readonly disk = new MemoryDisk();
  readonly frames: { readonly target: NodeId; readonly frame: Uint8Array }[] = [];
  readonly replies: { readonly connection: ConnectionId; readonly bytes: Uint8Array }[] = [];

  constructor(tree: Tree, id: number, ids: readonly number[]) {
    const { NODE_DEFAULTS } = tree.config;
    const config = {
      ...NODE_DEFAULTS,
      id: id as NodeId,
      ids: ids as readonly NodeId[],
      addresses: new Map<NodeId, string>(),
      settings: tree.settings.DEFAULT_SETTINGS,
      logDiskBytesMax: LOG_BYTES_MAX,
      snapshotLogBytes: LOG_BYTES_MAX,
    };
    let word = id;
    const ports = {
      disk: this.disk,
      net: this.#net(),
      memory: memoryOf(),
      entropy: { word: () => (word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0) },
    };
    this.driver = new tree.node.Node(config, ports);
  }

  get isLeading(): boolean {
    const { groups } = this.driver.state;
    return groups.length > 0 && groups.every(({ raft }) => raft.role === 'leader');
  }

  #net() {
    return {
      keepsBytes: true,
      sendPeer: (target: NodeId, frame: Uint8Array) => void this.frames.push({ target, frame }),
      sendGossip: () => {},
      send: (connection: ConnectionId, bytes: Uint8Array) =>
        void this.replies.push({ connection, bytes }),
      unsentBytes: () => 0,
      pause: () => {},
      resume: () => {},
      close: () => {
        throw new Error('a node closed a connection of the bench');
      },
    };
  }
}

/** A cluster whose links take no time. One call of `step` is one millisecond. */
export class PathWorld {
  readonly nodes: readonly PathNode[];
  #now = 1;
  readonly #inboxes: NodeEvent[][];

  constructor(tree: Tree, count: number) {
    const ids = Array.from({ length: count }, (_, at) => at + 1);
    this.nodes = ids.map((id) => new PathNode(tree, id, ids));
    this.#inboxes = ids.map(() => []);
    for (let turn = 0; !this.nodes.some((node) => node.isLeading); turn++) {
      if (turn === BOOT_TURNS_MAX) throw new Error('no leader in a world without faults');
      this.step();
    }
    for (let turn = 0; turn < 200; turn++) this.step();
  }

  get leader(): PathNode {
    return this.nodes.find((node) => node.isLeading)!;
  }

  /** For the node's next turn. */
  hand(node: PathNode, event: NodeEvent): void {
    this.#inboxes[this.nodes.indexOf(node)]!.push(event);
  }

  /** A turn of every node; `around` runs the turns of the leader. */
  step(around: (turn: () => void) => void = (turn) => turn()): void {
    const { leader } = this;
    const now = this.#now++;
    for (const [at, node] of this.nodes.entries()) {
      const events = this.#inboxes[at]!;
      this.#inboxes[at] = [];
      const run = (): void => {
        for (const event of events) node.driver.input(event);
        node.driver.turn(now as never, 1_700_000_000_000 + now);
      };
      if (node === leader) around(run);
      else run();
      if (node.driver.failure !== null) throw new Error(JSON.stringify(node.driver.failure));
      for (const completion of node.disk.complete()) this.hand(node, { kind: 'disk', completion });
      for (const { target, frame } of node.frames.splice(0)) {
        this.hand(this.nodes[target - 1]!, { kind: 'peer-frame', bytes: frame });
      }
    }
  }
}
