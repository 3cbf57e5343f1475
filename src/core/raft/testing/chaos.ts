/**
 * Random schedules: whatever can happen to a cluster, in any order, from one seed.
 *
 * 1. Messages are lost, repeated and reordered; flushes complete when they like; machines crash
 *    with a prefix of what was pending, restart, lose their disk; logs are compacted; members
 *    change.
 * 2. The witness watches; this file only decides what happens next.
 * 3. Fair faults only: a wiped store is one that a quorum can do without, and its replacement is
 *    done before the next.
 */
import { newPrng, nextBelow, nextBetween, nextChance, type Prng } from '../../../base/prng.ts';
import { isVoter, sameMember } from '../../members.ts';
import type { Member } from '../../types.ts';
import { configurationIndex, currentConfiguration } from '../state.ts';
import { Cluster } from './cluster.ts';
import { TICK_MS } from './fixture.ts';
import type { Machine } from './machine.ts';
import { isAgreed, mend, restart } from './peace.ts';

export interface ChaosOptions {
  readonly nodes: number;
  readonly voters: number;
  readonly seed: number;
  /** Of a thousand. */
  readonly loss: number;
  readonly repetition: number;
  /** Whether clocks jump, and stores are lost. */
  readonly isHarsh: boolean;
}

export class Chaos {
  readonly cluster: Cluster;
  readonly #prng: Prng;
  readonly #options: ChaosOptions;
  #proposed = 0;
  #reads = 0;
  /** Set while a wiped node waits for its seat. */
  #replacing: Member | null = null;
  wipes = 0;

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#prng = newPrng([options.seed, 0x5eed]);
    this.cluster = new Cluster({
      nodes: options.nodes,
      voters: Array.from({ length: options.voters }, (_, at) => at + 1),
      autoSync: false,
      config: {
        appendEntriesMax: 3,
        inflightEntriesMax: 6,
        uncommittedBytesMax: 2000,
        readsMax: 4,
        trailingEntries: options.seed % 3 === 0 ? 4 : 0,
      },
    });
  }

  /** One thing happens. */
  step(): void {
    const what = nextBelow(this.#prng, 1000);
    if (what < 560) this.#arrive();
    else if (what < 820) this.#syncSomewhere();
    else if (what < 880) this.#tick();
    else if (what < 960) this.#ask();
    else if (what < 975) this.#compact();
    else if (what < 983) this.#cutOrHeal();
    else if (what < 985) this.cluster.network.heal();
    else if (what < 997) this.#restartSomewhere();
    else this.#fail();
  }

  #any(): Machine {
    const { machines } = this.cluster;
    return machines[nextBelow(this.#prng, machines.length)]!;
  }

  /** Someone who is up; whoever leads, half of the time. */
  #anyUp(): Machine | null {
    const leader = this.cluster.leader();
    if (leader > 0 && nextChance(this.#prng, 1, 2)) return this.cluster.machine(leader);
    const machine = this.#any();
    return machine.state === null ? null : machine;
  }

  #arrive(): void {
    const { queue } = this.cluster.network;
    if (queue.length === 0) return;
    const isFirst = nextChance(this.#prng, 3, 4);
    const at = isFirst ? 0 : nextBelow(this.#prng, queue.length);
    const parcel = queue[at]!;
    const isRepeated = nextChance(this.#prng, this.#options.repetition, 1000);
    // The repetition comes later, whatever was sent meanwhile.
    if (!isRepeated || queue.length > 200) queue.splice(at, 1);
    const isLost = nextChance(this.#prng, this.#options.loss, 1000);
    if (!isLost && !this.cluster.network.isLost(parcel)) this.cluster.arrive(parcel);
  }

  #syncSomewhere(): void {
    const machine = this.#any();
    if (machine.state === null) return;
    const { pending } = machine.disk;
    const open = pending.filter(({ isComplete }) => !isComplete);
    if (open.length === 0) return;
    // The device may finish a later flush first.
    const flush = open[nextChance(this.#prng, 4, 5) ? 0 : nextBelow(this.#prng, open.length)]!;
    this.cluster.sync(machine.id, flush.ticket);
  }

  #tick(): void {
    if (nextChance(this.#prng, 2, 3)) {
      for (const { id } of this.cluster.machines) this.cluster.tick(id);
      return;
    }
    this.cluster.tick(this.#any().id, nextBetween(this.#prng, 1, 6));
  }

  #ask(): void {
    const machine = this.#anyUp();
    if (machine === null) return;
    const { id } = machine;
    const what = nextBelow(this.#prng, 100);
    if (what < 55) this.cluster.propose(id, `x${this.#proposed++}`);
    else if (what < 85) this.cluster.read(id, this.#reads++, this.#minIndex(machine));
    else if (what < 92) this.cluster.transfer(id, this.#any().member);
    else this.#reconfigure(id);
  }

  #minIndex({ state }: Machine): number {
    return nextChance(this.#prng, 1, 3) ? state!.commitIndex + nextBelow(this.#prng, 3) : 0;
  }

  #reconfigure(id: number): void {
    const { machines } = this.cluster;
    const current = currentConfiguration(this.cluster.state(id));
    if (this.#replacing !== null) {
      this.#replace(id, this.#replacing);
      return;
    }
    // Never fewer than two voters: with one, any crash would be a long silence.
    const voters = machines.filter(() => nextChance(this.#prng, 3, 4)).map(({ member }) => member);
    const wanted = voters.length < 2 ? current.voters : voters;
    const rest = machines.filter(
      ({ member }) => !wanted.some((voter) => sameMember(voter, member)),
    );
    const learners = rest.filter(() => nextChance(this.#prng, 1, 2)).map(({ member }) => member);
    this.cluster.reconfigure(id, wanted, learners);
  }

  /** The new store learns, then takes the seat of the old one. */
  #replace(id: number, member: Member): void {
    const state = this.cluster.state(id);
    const { voters, learners } = currentConfiguration(state);
    const others = voters.filter((voter) => voter.id !== member.id);
    const isCaughtUp = state.leading?.progress.some(
      (progress) =>
        sameMember(progress.member, member) && progress.matchIndex >= configurationIndex(state),
    );
    if (isVoter(currentConfiguration(state), member)) this.#replacing = null;
    else if (isCaughtUp === true) this.cluster.reconfigure(id, [...others, member]);
    else if (!learners.some((learner) => sameMember(learner, member))) {
      this.cluster.reconfigure(id, voters, [member]);
    }
  }

  #compact(): void {
    const machine = this.#anyUp();
    if (machine !== null) this.cluster.compact(machine.id);
  }

  #cutOrHeal(): void {
    const { network } = this.cluster;
    if (nextChance(this.#prng, 1, 2)) {
      network.heal();
      return;
    }
    const [source, target] = [this.#any(), this.#any()];
    if (source.id === target.id) this.cluster.isolate(source.id);
    else network.cut(source.id, target.id, nextChance(this.#prng, 1, 2));
  }

  #restartSomewhere(): void {
    const machine = this.#any();
    if (machine.state === null) restart(this.cluster, machine.id);
  }

  #fail(): void {
    const machine = this.#any();
    if (machine.state === null) return;
    const { pending } = machine.disk;
    const canWipe = this.#options.isHarsh && this.#replacing === null && this.wipes < 3;
    if (canWipe && nextChance(this.#prng, 1, 6) && this.#isSpare(machine)) {
      this.wipes++;
      this.cluster.wipe(machine.id);
      this.cluster.restart(machine.id);
      this.#replacing = machine.member;
      return;
    }
    this.cluster.crash(machine.id, nextBelow(this.#prng, pending.length + 1));
  }

  /** Everyone is up and of one mind who counts, and more than two do: one store can be spared. */
  #isSpare({ id, state }: Machine): boolean {
    const configuration = currentConfiguration(state!);
    const { voters, outgoing } = configuration;
    if (voters.length < 3 || outgoing.length > 0 || this.cluster.leader() === id) return false;
    const known = JSON.stringify(configuration);
    return this.cluster.machines.every(
      (other) =>
        other.state !== null && JSON.stringify(currentConfiguration(other.state)) === known,
    );
  }

  /** No more faults: in the end somebody leads, and everyone who has a seat has all of it. */
  calm(limitMs: number): boolean {
    const { cluster } = this;
    cluster.network.queue = [];
    mend(cluster);
    for (let passed = 0; passed < limitMs; passed += TICK_MS * 10) {
      cluster.run(TICK_MS * 10);
      if (this.#replacing !== null && cluster.leader() > 0) {
        this.#replace(cluster.leader(), this.#replacing);
      }
      if (this.#replacing === null && isAgreed(cluster)) return true;
    }
    return false;
  }
}
