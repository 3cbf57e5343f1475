/** Engines that do the same, and one that does not; `npm run sim:engines` asks the real ones. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ENTRY, writeBundle } from '../scripts/engines/bundle.ts';
import { chromiumEngine } from '../scripts/engines/chromium-engine.ts';
import { compareAnswers } from '../scripts/engines/compare.ts';
import { EngineMissing } from '../scripts/engines/engine.ts';
import { nodeEngine } from '../scripts/engines/node-engine.ts';
import { askAll, report } from '../scripts/engines/ride.ts';
import type { EngineAnswer, EngineOrder } from '../scripts/engines/simulator.ts';

const ORDERS: readonly EngineOrder[] = [
  { seed: '1', world: 'swim' },
  { seed: '2', world: 'swim' },
];
const folder = mkdtempSync(join(tmpdir(), 'apex-engines-'));

/** What the bundle makes of `ORDERS` beside what the sources do, as lines and an exit code. */
async function compareWith(bundle: string): Promise<{ exit: number; text: string }> {
  const engine = await nodeEngine(process.execPath);
  const rides = [
    { engine, module: ENTRY },
    { engine, module: bundle },
  ];
  const lines: string[] = [];
  const exit = report(await askAll(rides, ORDERS), true, (line) => lines.push(line));
  return { exit, text: lines.join('\n') };
}

test('the bundle does what the sources do, event by event', async () => {
  const bundle = join(folder, 'sound.js');
  await writeBundle(ENTRY, bundle);
  const { exit, text } = await compareWith(bundle);
  expect(text).toContain('2 runs equal everywhere, 0 differ');
  expect(exit).toBe(0);
}, 120_000);

test('a leak of what an engine alone knows is a difference: exit 10, and both digests', async () => {
  const sound = join(folder, 'to-patch.js');
  const leaky = join(folder, 'leaky.js');
  await writeBundle(ENTRY, sound);
  const [before, ...after] = readFileSync(sound, 'utf8').split('\tpermille(rate) {\n');
  expect(after.length).toBe(1);
  const leak = '\tpermille(rate) {\n\t\trate += Number(process.hrtime.bigint() % 7n);\n';
  writeFileSync(leaky, before + leak + after[0]);
  const { exit, text } = await compareWith(leaky);
  expect(exit).toBe(10);
  expect(text).toContain('DIFFERS');
  const last: { readonly failed: readonly string[] } = JSON.parse(text.split('\n').at(-1)!);
  expect(last.failed).toContain('swim 2');
}, 120_000);

test('an answer that differs in one figure, or is not there, is a difference', () => {
  const answer: EngineAnswer = {
    ...{ seed: '1', world: 'cluster', verdict: 'pass', checker: null, digest: 'aa' },
    ...{ simulatedMs: 1, events: 2, operations: 3, wallMs: 4 },
  } as const;
  const agrees = (other: readonly EngineAnswer[]): boolean =>
    compareAnswers([
      { engine: 'one', answers: [answer] },
      { engine: 'other', answers: other },
    ]).every((comparison) => comparison.agrees);
  expect(agrees([{ ...answer, wallMs: 5_000 }])).toBe(true);
  expect(agrees([{ ...answer, digest: 'ab' }])).toBe(false);
  expect(agrees([{ ...answer, events: 9 }])).toBe(false);
  expect(agrees([{ ...answer, verdict: 'violation' }])).toBe(false);
  expect(agrees([])).toBe(false);
});

test('a module of Node is refused a place in the bundle', async () => {
  const entry = join(folder, 'worldly.ts');
  writeFileSync(entry, "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync);\n");
  await expect(writeBundle(entry, join(folder, 'worldly.js'))).rejects.toThrow('node:fs');
});

test('a Chromium that is not there is said to be missing', async () => {
  await expect(chromiumEngine(join(folder, 'chromium'))).rejects.toThrow(EngineMissing);
  await expect(chromiumEngine(join(folder, 'chromium'))).rejects.toThrow('there is no Chromium');
});
