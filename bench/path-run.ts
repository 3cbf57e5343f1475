/**
 * `npm run bench -- path`: what a request costs in the node itself, without sockets and disks.
 *
 * 1. Counted is the CPU that the thread takes within the leader's turns, the inputs that led to
 *    them included. Building requests, reading replies, disks and followers are not in it.
 * 2. A batch of every connection comes in one turn; the next one when all of it is answered.
 * 3. Two trees run in one process, in turns of a few batches: whatever disturbs the machine
 *    disturbs both. What counts are the ratios of adjacent turns, and their median.
 * 4. A last round is profiled, and its CPU split by the pages of the turn (src/node/turn.ts).
 *    Profiling costs something itself: only its shares are of use.
 */
import { Session } from 'node:inspector';
import { PathRequests, type PathShape } from './path-requests.ts';
import { loadTree, PathWorld } from './path-world.ts';
import { type CpuProfile, microsUnder } from './profile.ts';
import { median } from './table.ts';

export interface PathPlan {
  /** Folders; the first is measured, a second is what it is compared with. */
  readonly trees: readonly string[];
  readonly nodes: number;
  readonly shape: PathShape;
  readonly rounds: number;
  /** Requests of a round, at each tree. */
  readonly operations: number;
}

export interface PathFinding {
  readonly nodes: number;
  readonly shape: PathShape;
  /** CPU of an operation in nanoseconds, by tree: the median of its rounds. */
  readonly nsPerOp: readonly number[];
  /** First tree ÷ second, by round; empty without a second. */
  readonly ratios: readonly number[];
  /** Of the leader, to a batch. */
  readonly turnsPerBatch: number;
  /** Nanoseconds of an operation in the first tree, by page of the turn. */
  readonly stages: readonly { readonly name: string; readonly nsPerOp: number }[];
}

const WARM_UP_BATCHES = 300;
const TURN = 'turn src/node/turn.ts';

class Contender {
  readonly #world: PathWorld;
  readonly #requests: PathRequests;
  micros = 0;
  turns = 0;
  readonly rounds: number[] = [];

  private constructor(world: PathWorld, requests: PathRequests) {
    this.#world = world;
    this.#requests = requests;
    for (const connection of requests.connections) {
      const event = { kind: 'connected', connection, address: 'bench' } as const;
      world.hand(world.leader, event);
    }
    world.step();
  }

  /** Warm, with every key in place. */
  static async ready(tree: string, { nodes, shape }: PathPlan): Promise<Contender> {
    const world = new PathWorld(await loadTree(tree), nodes);
    const filling = new PathRequests({ ...shape, kind: 'put', isSequential: true }, 1);
    new Contender(world, filling).#run(Math.ceil(shape.keys / filling.batchSize));
    const contender = new Contender(world, new PathRequests(shape, 1 + shape.connections));
    contender.#run(WARM_UP_BATCHES);
    return contender;
  }

  round(operations: number): void {
    const batches = Math.ceil(operations / this.#requests.batchSize);
    this.micros = 0;
    this.turns = 0;
    this.#run(batches);
    this.rounds.push((this.micros * 1000) / (batches * this.#requests.batchSize));
    this.turns /= batches;
  }

  #run(batches: number): void {
    for (let batch = 0; batch < batches; batch++) this.#batch();
  }

  /** Hands over a batch and runs turns until it is answered. */
  #batch(): void {
    const { leader } = this.#world;
    for (const { connection, bytes } of this.#requests.next()) {
      this.#world.hand(leader, { kind: 'received', connection, bytes });
    }
    while (!this.#requests.isAnswered) {
      this.#world.step((turn) => this.#measure(turn));
      for (const { bytes } of leader.replies.splice(0)) this.#requests.answer(bytes);
    }
  }

  #measure(turn: () => void): void {
    const before = process.threadCpuUsage();
    turn();
    const { user, system } = process.threadCpuUsage(before);
    this.micros += user + system;
    this.turns++;
  }
}

function post(session: Session, method: string): Promise<{ profile: CpuProfile }> {
  return new Promise((resolve, reject) => {
    session.post(method, (error: Error | null, result?: object) => {
      if (error === null) resolve(result as { profile: CpuProfile });
      else reject(error);
    });
  });
}

async function profiled(work: () => void): Promise<CpuProfile> {
  const session = new Session();
  session.connect();
  await post(session, 'Profiler.enable');
  await post(session, 'Profiler.start');
  work();
  const { profile } = await post(session, 'Profiler.stop');
  session.disconnect();
  return profile;
}

export async function runPath(plan: PathPlan): Promise<PathFinding> {
  const contenders: Contender[] = [];
  for (const tree of plan.trees) contenders.push(await Contender.ready(tree, plan));
  for (let round = 0; round < plan.rounds; round++) {
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const contender of order) contender.round(plan.operations);
  }
  const nsPerOp = contenders.map(({ rounds }) => median(rounds));
  const [first, second] = contenders as [Contender, ...Contender[]];
  const ratios =
    second === undefined
      ? []
      : first.rounds.slice(0, plan.rounds).map((ns, at) => ns / second.rounds[at]!);
  const micros = microsUnder(await profiled(() => first.round(plan.operations * 4)), TURN);
  const { nodes, shape } = plan;
  const stages = stagesOf(micros, nsPerOp[0]!);
  return { nodes, shape, nsPerOp, ratios, turnsPerBatch: first.turns, stages };
}

/** Shares of the whole; what is less than a hundredth of it is left out. */
function stagesOf(micros: Readonly<Record<string, number>>, nsPerOp: number) {
  const total = Object.values(micros).reduce((sum, spent) => sum + spent, 0);
  return Object.entries(micros)
    .map(([name, spent]) => ({ name, nsPerOp: (nsPerOp * spent) / total }))
    .filter((stage) => stage.nsPerOp * 100 >= nsPerOp)
    .sort((left, right) => right.nsPerOp - left.nsPerOp);
}
