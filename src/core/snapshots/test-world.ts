/** Several test nodes, a network that loses, repeats and reorders, and time. */

import { concatBytes } from '../../base/bytes.ts';
import { newPrng, nextBelow, nextChance, type Prng } from '../../base/prng.ts';
import { type LogIndex, logIndex, millis, term } from '../../base/units.ts';
import type { Member } from '../types.ts';
import type { SnapshotsEvent } from './event.ts';
import type { SentSnapshot, SnapshotsOut } from './out.ts';
import type { SnapshotsConfig } from './state.ts';
import { snapshots } from './step.ts';
import { bodyOf, member, SMALL, TestNode } from './test-node.ts';

interface Letter {
  readonly from: Member;
  readonly to: Member;
  readonly type: number;
  readonly body: Uint8Array;
  readonly at: number;
}

/** Of a thousand. */
export interface Weather {
  readonly lossPermille: number;
  readonly repeatPermille: number;
  readonly delayMsMax: number;
}

export const CALM: Weather = { lossPermille: 0, repeatPermille: 0, delayMsMax: 0 };
export const STORM: Weather = { lossPermille: 150, repeatPermille: 150, delayMsMax: 120 };

/** What a node around the machine keeps. */
interface Station {
  readonly node: TestNode;
  commitIndex: LogIndex;
  currentTerm: number;
  /** Content installed last. */
  content: Uint8Array | null;
  isUp: boolean;
  /** Disk operations it may do in one tick. */
  diskPerTick: number;
  /** What the machine reported, to be acted on after its step. */
  readonly todo: SnapshotsEvent[];
}

const TICK_MS = 10;

export class TestWorld {
  readonly prng: Prng;
  readonly stations = new Map<number, Station>();
  readonly sent: SentSnapshot[] = [];
  weather: Weather;
  letters: Letter[] = [];
  /** Of everything that was ever sent. */
  readonly posted: Letter[] = [];
  now = 0;

  constructor(seed: number, weather: Weather = CALM, config: SnapshotsConfig = SMALL) {
    this.prng = newPrng([seed]);
    this.weather = weather;
    for (const id of [1, 2, 3, 4]) this.#add(new TestNode(id, config));
  }

  at(id: number): Station {
    return this.stations.get(id)!;
  }

  #add(node: TestNode): void {
    const station: Station = {
      node,
      commitIndex: logIndex(0),
      currentTerm: 3,
      content: null,
      isUp: true,
      diskPerTick: 4,
      todo: [],
    };
    this.stations.set(node.self.id, station);
    node.observe = (out) => this.#heed(station, out);
    node.open(0);
  }

  /** The node loses its memory, and what its disk had not synced. */
  crash(id: number, mark: number): void {
    const { node, todo } = this.at(id);
    node.disk.crash('mix');
    todo.length = 0;
    node.restart(mark);
    if (mark > 0) node.load(mark);
  }

  #heed(station: Station, out: SnapshotsOut): void {
    for (const { to, type, parts } of out.messages) {
      this.#post({ from: station.node.self, to, type, body: bodyOf(parts), at: this.now });
    }
    this.sent.push(...out.sent);
    const { received, loadDone } = out;
    if (received !== null) {
      const { index } = received.meta;
      const isNews = index > station.commitIndex;
      station.todo.push(isNews ? { kind: 'load', index } : { kind: 'rejected', index });
    }
    if (loadDone !== null && station.node.state.receipt?.identity.index === loadDone.index) {
      if (loadDone.failure !== null) throw new Error(loadDone.failure.detail);
      station.commitIndex = loadDone.index;
      station.content = concatBytes(station.node.loaded);
      station.todo.push({ kind: 'installed', index: loadDone.index });
    }
  }

  #post(letter: Letter): void {
    const { lossPermille, repeatPermille, delayMsMax } = this.weather;
    this.posted.push(letter);
    const copies = nextChance(this.prng, repeatPermille, 1_000) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (nextChance(this.prng, lossPermille, 1_000)) continue;
      const delay = nextBelow(this.prng, delayMsMax + 1);
      this.letters.push({ ...letter, at: this.now + delay });
    }
  }

  /** One tick: letters that are due, in any order, then disks, then clocks. */
  tick(): void {
    this.now += TICK_MS;
    const due = this.letters.filter((letter) => letter.at < this.now);
    this.letters = this.letters.filter((letter) => letter.at >= this.now);
    for (const letter of due) this.deliver(letter);
    for (const station of this.stations.values()) {
      if (!station.isUp) continue;
      const { node } = station;
      node.now = millis(this.now);
      for (let done = 0; done < station.diskPerTick; done++) {
        node.stepDisk(true);
        while (station.todo.length > 0) node.step(station.todo.shift()!);
      }
      if (this.now >= snapshots.deadline(node.state)) node.step({ kind: 'tick' });
    }
  }

  deliver({ from, to, type, body }: Letter): void {
    const station = this.stations.get(to.id)!;
    if (!station.isUp) return;
    const { commitIndex, currentTerm } = station;
    station.node.now = millis(this.now);
    station.node.step({
      kind: 'message',
      from,
      type,
      body,
      commitIndex,
      term: term(currentTerm),
    });
  }

  /** Node 1 wants each of `targets` to be served, at every heartbeat, until `isDone`. */
  serve(targets: readonly number[], isDone: () => boolean, msMax = 60_000): void {
    const end = this.now + msMax;
    while (!isDone()) {
      if (this.now >= end) throw new Error('the transfer does not end');
      if (this.now % 50 === 0) this.ask(targets);
      this.tick();
    }
  }

  ask(targets: readonly number[]): void {
    const { node, currentTerm } = this.at(1);
    for (const id of targets) {
      if (!this.isInstalled(id)) node.send(member(id), term(currentTerm));
    }
  }

  isInstalled(id: number): boolean {
    return this.sent.some(({ to, isInstalled }) => to.id === id && isInstalled);
  }
}
