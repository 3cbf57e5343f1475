/**
 * A Node as an engine: a process of its own, whatever its version.
 *
 * Node 24 comes from the npm registry, into a folder that is gone afterwards: the project itself
 * has one Node only (docs/adr/0001-toolchain.md).
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Engine, EngineMissing } from './engine.ts';
import type { EngineAnswer, EngineOrder } from './simulator.ts';

const run = promisify(execFile);
const RUNNER = fileURLToPath(new URL('./run-orders.ts', import.meta.url));
const ANSWER_BYTES_MAX = 16_777_216;

export async function nodeEngine(program: string): Promise<Engine> {
  const { stdout } = await run(program, ['-p', 'process.versions.node']);
  return {
    name: `node ${stdout.trim()}`,
    run: async (module, orders) => answersOf(program, module, orders),
  };
}

/** The newest Node of a major version, installed into `folder`. */
export async function fetchedNode(major: number, folder: string): Promise<Engine> {
  // The package fetches its binary in an install script, which newer npms run only if told to.
  const manifest = { private: true, allowScripts: { node: true } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const flags = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder];
  try {
    await run('npm', ['install', ...flags, `node@${major}`], { cwd: folder });
  } catch (error) {
    const said = (error as { readonly stderr?: string }).stderr ?? String(error);
    throw new EngineMissing(`npm could not bring node@${major} from the registry:\n${said.trim()}`);
  }
  return nodeEngine(join(folder, 'node_modules', '.bin', 'node'));
}

async function answersOf(
  program: string,
  module: string,
  orders: readonly EngineOrder[],
): Promise<EngineAnswer[]> {
  const { stdout } = await run(program, [RUNNER, module, JSON.stringify(orders)], {
    maxBuffer: ANSWER_BYTES_MAX,
  });
  return JSON.parse(stdout);
}
