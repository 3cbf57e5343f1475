/**
 * `npm run sim:engines -- --seeds 1..10`: the same seeds on several engines, which must do the
 * same to the last event: Node as installed, from the sources and from the bundle; Node 24;
 * Chromium. Every seed runs in both worlds.
 *
 * Exit: 0 equal everywhere · 10 a difference · 12 an engine is not there · 2 usage.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BUNDLE, ENTRY, writeBundle } from './bundle.ts';
import { chromiumEngine } from './chromium-engine.ts';
import { EngineMissing } from './engine.ts';
import { fetchedNode, nodeEngine } from './node-engine.ts';
import { askAll, EXIT, type Ride, report } from './ride.ts';
import type { EngineOrder } from './simulator.ts';

const OTHER_NODE_MAJOR = 24;
const USAGE = 'npm run sim:engines -- [--seeds A..B] [--chromium PATH] [--json]';

interface Asked {
  readonly orders: readonly EngineOrder[];
  readonly chromium: string | null;
  readonly isJson: boolean;
}

function parse(args: readonly string[]): Asked | null {
  const options = {
    seeds: { type: 'string', default: '1..3' },
    chromium: { type: 'string' },
    json: { type: 'boolean', default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const match = /^(\d{1,15})\.\.(\d{1,15})$/.exec(values.seeds);
    const [first, last] = [Number(match?.[1]), Number(match?.[2])];
    if (!(first <= last)) return null;
    return {
      orders: ordersOf(first, last),
      chromium: values.chromium ?? null,
      isJson: values.json,
    };
  } catch {
    return null;
  }
}

function ordersOf(first: number, last: number): EngineOrder[] {
  const seeds = Array.from({ length: last - first + 1 }, (_, at) => `${first + at}`);
  return (['cluster', 'swim'] as const).flatMap((world) => seeds.map((seed) => ({ seed, world })));
}

async function rides(asked: Asked, folder: string): Promise<Ride[]> {
  const own = await nodeEngine(process.execPath);
  // What is missing at once before what takes a download.
  const browser = await chromiumEngine(asked.chromium);
  const other = await fetchedNode(OTHER_NODE_MAJOR, folder);
  await writeBundle(ENTRY, BUNDLE);
  const sources = { engine: { ...own, name: `${own.name}, sources` }, module: ENTRY };
  return [sources, ...[own, other, browser].map((engine) => ({ engine, module: BUNDLE }))];
}

async function main(args: readonly string[]): Promise<number> {
  const asked = parse(args);
  if (asked === null) {
    console.error(USAGE);
    return EXIT.usage;
  }
  const folder = mkdtempSync(join(tmpdir(), 'apex-kv-engines-'));
  try {
    const told = await askAll(await rides(asked, folder), asked.orders);
    return report(told, asked.isJson, console.log);
  } catch (error) {
    if (!(error instanceof EngineMissing)) throw error;
    console.error(`nothing was compared: ${error.message}`);
    return EXIT.missing;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
