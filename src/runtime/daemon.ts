/**
 * One node on real sockets and a real disk.
 *
 *   listeners, data directory ─▶ ports ─▶ node ◀─turns─ loop ─▶ log, metrics, health
 *
 * 1. It ends in one of three ways, told once: stopped as asked; failed, for a reason with a code;
 *    or violated, an assertion of our own that did not hold. After the last two nothing is sent.
 * 2. A stop is asked of the node, which hands over and drains; who asks decides how long to wait.
 * 3. What it works with is supervised: opened anew when it fails, given up when that does not help.
 *    A node that must do without its listeners stops in good order, and ends as failed.
 * 4. Many of them may live in one process; nothing here is global.
 */
import { hastenCrc32c } from '../base/crc32c.ts';
import { type Failure, failure } from '../base/errors.ts';
import type { NodeId } from '../base/units.ts';
import type { DiskOperation } from '../core/disk.ts';
import type { Settings } from '../core/types.ts';
import type { NodeConfig } from '../node/config.ts';
import type { NodeDriver, NodePorts } from '../node/contract.ts';
import { Node } from '../node/node.ts';
import { RaftTracer } from '../node/raft-trace/tracer.ts';
import type { NetEvent } from '../ports/net.ts';
import type { Clock } from './clock.ts';
import type { DaemonDisk } from './daemon-disk.ts';
import type { DaemonNet } from './daemon-net.ts';
import type { PeerEndpoint } from './endpoints.ts';
import { SystemEntropy } from './entropy.ts';
import type { Surroundings } from './health.ts';
import type { Helper } from './helper.ts';
import { helpersOf } from './helpers.ts';
import { serveHttp } from './http.ts';
import type { Journal } from './journal.ts';
import type { Listeners } from './listeners.ts';
import type { DaemonLog } from './log.ts';
import { Metrics } from './metrics.ts';
import type { Choice } from './native/choice.ts';
import type { NativeListeners } from './native/listeners.ts';
import { openDisk } from './open-disk.ts';
import { openMemory } from './open-memory.ts';
import { openNet } from './open-net.ts';
import type { RaftTraceFile } from './raft-trace-file.ts';
import { type HelperStatus, Supervisor } from './supervisor.ts';
import { TurnLoop } from './turn-loop.ts';
import { Watch } from './watch.ts';

export interface DaemonOptions {
  readonly version: string;
  readonly config: NodeConfig;
  readonly listeners: Listeners | NativeListeners;
  readonly directory: string;
  /** What performs the operations on the directory. */
  readonly disk: Choice;
  readonly peers: readonly PeerEndpoint[];
  readonly log: DaemonLog;
  /** What supervision goes by; the node has its own time. */
  readonly clock: Clock;
  /** What an operator should know although all is well. */
  readonly warnings: readonly string[];
  /** Replicated settings that a flag names; those that the cluster does not have are reported. */
  readonly asked: Partial<Settings>;
  /** Records the run; null: not. */
  readonly journal: Journal | null;
  /** Takes Raft's events for an outside judge; who opened it closes it. Null: nobody wants them. */
  readonly raftTrace: RaftTraceFile | null;
}

export type DaemonEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'violated'; readonly error: unknown };

const stopwatch = (): number => Math.floor(performance.now() * 1000);

export class Daemon {
  readonly node: Node;
  readonly net: DaemonNet;
  /** Resolves once, when the node is over; everything but the HTTP door is closed then. */
  readonly ended: Promise<DaemonEnd>;
  readonly #options: DaemonOptions;
  readonly #disk: DaemonDisk;
  readonly #loop: TurnLoop;
  readonly #watch: Watch;
  readonly #metrics: Metrics;
  readonly #supervisor: Supervisor;
  /** A helper was given up without which there is no use in going on. */
  #loss: Failure | null = null;
  #isOver = false;
  #resolveEnded: (end: DaemonEnd) => void = () => {};

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const { config, listeners, directory, peers, log } = options;
    this.#disk = openDisk(options.disk, {
      directory,
      deliver: (completion) => this.#loop.accept({ kind: 'disk', completion }),
      report: (operation, error) => this.#reportDisk(operation, error),
    });
    this.net = openNet(listeners, {
      self: config.id,
      peers,
      deliver: (event) => this.#accept(event),
      reportNoise: (peer) => this.#reportNoise(peer),
    });
    const { node, driver } = this.#build();
    this.node = node;
    this.#supervisor = this.#supervise();
    this.#watch = new Watch({
      node: node.state,
      log,
      asked: options.asked,
      linksDown: () => this.#linksDown(),
    });
    this.#loop = new TurnLoop({
      driver,
      afterTurn: (now) => this.#afterTurn(now),
      died: (error) => this.#end({ kind: 'violated', error }),
    });
    this.#metrics = this.#openHttp();
    this.#loop.start();
  }

  helpers(): readonly HelperStatus[] {
    return this.#supervisor.statuses();
  }

  /** Asks the node to stop; `ended` tells when it has. Whoever connects from now on is refused. */
  stop(): void {
    this.#supervisor.stop(['clients', 'peers']);
    this.net.stopListening();
    this.#loop.accept({ kind: 'admin', request: { kind: 'stop' } });
  }

  /** Ends whatever is left, the HTTP door and files included. Nothing more is sent. */
  async close(): Promise<void> {
    this.#end({ kind: 'stopped' });
    this.#supervisor.stopAll();
    this.#options.listeners.http.closeAllConnections();
    this.#options.listeners.http.close();
    await this.#disk.close();
  }

  #build(): { readonly node: Node; readonly driver: NodeDriver } {
    const { config, disk, journal, raftTrace } = this.#options;
    hastenCrc32c(disk.addon?.crc32c ?? null);
    const observer = raftTrace === null ? null : new RaftTracer((event) => raftTrace.take(event));
    const ports: NodePorts = {
      disk: this.#disk,
      net: this.net,
      memory: openMemory(disk.addon),
      entropy: new SystemEntropy(),
    };
    const newNode = (own: NodeConfig, tapped: NodePorts): Node =>
      new Node(own, tapped, stopwatch, observer);
    if (journal !== null) return journal.record(config, ports, newNode);
    const node = newNode(config, ports);
    return { node, driver: node };
  }

  #supervise(): Supervisor {
    const { listeners, clock, log } = this.#options;
    const parts = { listeners, net: this.net, disk: this.#disk };
    return new Supervisor({
      helpers: helpersOf(parts, (name, error) => this.#supervisor.failed(name, error)),
      clock,
      chance: () => Math.floor(Math.random() * 2 ** 32),
      log,
      gaveUp: (helper, reason) => this.#gaveUp(helper, reason),
    });
  }

  #openHttp(): Metrics {
    const { version, listeners, log } = this.#options;
    const node = this.node.state;
    const metrics = new Metrics({
      version,
      node,
      net: this.net,
      log,
      watch: this.#watch,
      helpers: () => this.helpers(),
      turns: () => this.#loop.turns,
      freeBytes: () => this.#disk.freeBytes(),
      implementations: {
        disk: this.#options.disk.implementation,
        net: this.net.implementation,
      },
    });
    this.#disk.onSynced = (seconds) => metrics.synced(seconds);
    serveHttp(listeners.http, {
      version,
      node,
      metrics,
      ask: (request) => this.#loop.accept({ kind: 'admin', request }),
      surroundings: () => this.#surroundings(),
      warnings: () => [...this.#options.warnings, ...this.#watch.ignored],
    });
    return metrics;
  }

  #surroundings(): Surroundings {
    return {
      now: performance.now(),
      lastSyncedAt: this.#disk.lastSyncedAt,
      lastAppliedAt: this.#watch.lastAppliedAt,
      linksDown: this.#linksDown(),
      helpers: this.helpers(),
    };
  }

  #accept(event: NetEvent): void {
    if (event.kind === 'peer-link') {
      const { peer, up } = event;
      const line = { component: 'net', event: 'peer.link', peer, up } as const;
      this.#options.log.info(line, `the link to node ${peer} is ${up ? 'up' : 'down'}`);
    }
    this.#loop.accept(event);
  }

  #linksDown(): NodeId[] {
    return this.net.links.filter(({ isUp }) => !isUp).map(({ endpoint }) => endpoint.id);
  }

  #afterTurn(now: number): void {
    this.#watch.look(now);
    const { failure, state } = this.node;
    if (failure !== null) this.#fail(failure);
    else if (state.phase === 'stopped') {
      this.#end(
        this.#loss === null ? { kind: 'stopped' } : { kind: 'failed', failure: this.#loss },
      );
    }
  }

  /** The machines say when the disk has failed them: only they know what rests on an operation. */
  #fail(failure: Failure): void {
    if (failure.code === 'DISK_FAILED') this.#supervisor.failed('disk', failure.detail);
    this.#end({ kind: 'failed', failure });
  }

  #gaveUp({ name, isVital }: Helper, reason: string): void {
    // A disk that the machines gave up has ended the node by itself.
    if (!isVital || this.node.failure !== null) return;
    this.#loss ??= failure('HELPER_DOWN', `${name}: ${reason}`);
    this.stop();
  }

  #end(end: DaemonEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#loop.end();
    this.#metrics.end();
    this.#supervisor.stop(['clients', 'peers', 'gossip']);
    this.net.shutDown(this.node.failure === null && end.kind !== 'violated');
    this.#resolveEnded(end);
  }

  #reportDisk(operation: DiskOperation, error: unknown): void {
    const { kind } = operation;
    const line = { component: 'disk', event: 'disk.error', operation: kind, err: error } as const;
    // A name that is not there is an ordinary answer.
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing) this.#options.log.debug(line, `the disk knows no such file: ${kind}`);
    else this.#options.log.error(line, `the disk failed: ${kind}`);
  }

  #reportNoise(peer: NodeId): void {
    const line = { component: 'net', event: 'peer.noise', peer } as const;
    this.#options.log.warn(line, `a connection of node ${peer} carried no frames; it was closed`);
  }
}
