/**
 * scripts/integration-test.sh: real processes, real sockets, real disks.
 *
 *   --only NAME,…   these scenarios, in the order of the list below
 *   --out DIR       where history.jsonl, the nodes' logs and data go; kept. Default: a temporary
 *                   folder, removed if everything held
 *   --seed N        what the clients draw; the rest is the machine's
 *   --keep          keep the temporary folder
 *
 * After each scenario the clients rest, every node is asked for all that was written, and the state
 * hashes are compared. At the end the whole history is judged for linearizability.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseSeed, Streams } from '../../sim/world/streams.ts';
import { Cluster } from './cluster.ts';
import { Load } from './load.ts';
import { Recorder } from './recorder.ts';
import { type Scenario, type Stage, seconds } from './scenario.ts';
import { alone } from './scenarios/alone.ts';
import { crash } from './scenarios/crash.ts';
import { damage } from './scenarios/damage.ts';
import { kill } from './scenarios/kill.ts';
import { majority } from './scenarios/majority.ts';
import { partition } from './scenarios/partition.ts';
import { pause } from './scenarios/pause.ts';
import { refusals } from './scenarios/refusals.ts';
import { seed } from './scenarios/seed.ts';
import { stop } from './scenarios/stop.ts';
import { strangers } from './scenarios/strangers.ts';
import { wipe } from './scenarios/wipe.ts';
import { Broken } from './verdict.ts';

const SCENARIOS: readonly Scenario[] = [
  stop,
  kill,
  pause,
  crash,
  wipe,
  strangers,
  damage,
  alone,
  refusals,
  seed,
  majority,
  partition,
];
const JUDGE_WITHIN_MS = 60_000;
const EXIT_USAGE = 2;

interface Options {
  readonly scenarios: readonly Scenario[];
  readonly folder: string;
  readonly isKept: boolean;
  readonly seed: string;
}

/** A sentence about what is wrong with the arguments, or the options. */
function readOptions(argv: string[]): Options | string {
  const values = parse(argv);
  if (typeof values === 'string') return values;
  const seed = parseSeed(values.seed);
  if (seed === null) return `--seed is a number, not ${values.seed}`;
  const names = values.only?.split(',') ?? SCENARIOS.map(({ name }) => name);
  const unknown = names.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    return `no scenario ${unknown}; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`;
  }
  const folder = values.out ?? mkdtempSync(join(tmpdir(), 'apex-kv-integration-'));
  mkdirSync(folder, { recursive: true });
  const scenarios = SCENARIOS.filter(({ name }) => names.includes(name));
  return { scenarios, folder, isKept: values.keep || values.out !== undefined, seed };
}

function parse(args: string[]) {
  try {
    const options = {
      only: { type: 'string' },
      out: { type: 'string' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
    } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

class Run {
  readonly #options: Options;
  readonly #recorder: Recorder;
  readonly #stages = new Map<Scenario['cluster'], Stage>();
  failed = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#recorder = new Recorder(join(options.folder, 'history.jsonl'));
  }

  async all(): Promise<void> {
    for (const scenario of this.#options.scenarios) {
      // What a cluster is like after a broken promise says nothing about the next one.
      if (this.failed > 0) say(`skip  ${scenario.name}`);
      else await this.#one(scenario);
    }
    await this.close();
    this.#judge();
    await this.#recorder.close();
  }

  async close(): Promise<void> {
    for (const { cluster, load } of this.#stages.values()) {
      await cluster.close();
      await load.close();
    }
    this.#stages.clear();
  }

  async #one(scenario: Scenario): Promise<void> {
    const beganAt = performance.now();
    const failures: string[] = [];
    let figures: readonly string[] = [];
    try {
      const stage = await this.#stage(scenario.cluster);
      stage.load.work();
      figures = await scenario.run(stage);
      await stage.load.restAndVerify();
      const { size } = stage.load.ledger.acknowledged;
      figures = [...figures, `${size} acknowledged writes found at every node; hashes agree`];
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      failures.push(error.message);
    }
    this.failed += failures.length;
    const mark = failures.length === 0 ? 'ok  ' : 'FAIL';
    say(`${mark}  ${scenario.about} (${scenario.name}, ${seconds(performance.now() - beganAt)})`);
    for (const line of [...figures, ...failures]) say(`        ${line}`);
  }

  async #stage(name: Scenario['cluster']): Promise<Stage> {
    const known = this.#stages.get(name);
    if (known !== undefined) return known;
    const folder = join(this.#options.folder, name);
    const cluster = await Cluster.boot({ name, folder }, name === 'proxied');
    const load = new Load(cluster, this.#recorder, new Streams(this.#options.seed));
    const stage = { cluster, load };
    this.#stages.set(name, stage);
    return stage;
  }

  #judge(): void {
    const beganAt = performance.now();
    const { verdict, key, detail } = this.#recorder.judge(JUDGE_WITHIN_MS);
    const { completed, unknown } = this.#recorder;
    const isGood = verdict === 'linearizable';
    if (!isGood) this.failed++;
    const where = key === null ? '' : ` (key ${key})`;
    const took = seconds(performance.now() - beganAt);
    say(
      `${isGood ? 'ok  ' : 'FAIL'}  the clients' history is ${verdict}${where} (judged, ${took})`,
    );
    say(`        ${completed} operations answered, ${unknown} of unknown outcome`);
    if (detail !== '') say(detail.replaceAll(/^/gm, '        '));
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') {
  process.stderr.write(`${options}\n`);
  process.exit(EXIT_USAGE);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(1));
}
const beganAt = performance.now();
const run = new Run(options);
await run.all();
if (run.failed === 0 && !options.isKept) rmSync(options.folder, { recursive: true });
else say(`history.jsonl, logs and data: ${options.folder}`);
const outcome = run.failed === 0 ? 'all held' : `${run.failed} did not hold`;
say(`${outcome}, ${seconds(performance.now() - beganAt)}`);
process.exit(run.failed === 0 ? 0 : 1);
