/**
 * Chromium as an engine: the bundle in a page of a headless browser.
 *
 * The browser is the machine's own (Debian's package `chromium`); none is ever downloaded.
 */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { type Engine, EngineMissing } from './engine.ts';
import type { EngineAnswer, EngineOrder } from './simulator.ts';

const NAMES = ['chromium', 'chromium-browser'];

/** `program` is a path; null: the first Chromium on PATH. */
export async function chromiumEngine(program: string | null): Promise<Engine> {
  const executablePath = program ?? onPath();
  if (executablePath === null || !existsSync(executablePath)) {
    const where = program === null ? 'on PATH' : `at ${program}`;
    throw new EngineMissing(
      `there is no Chromium ${where}; on Debian: apt-get install chromium, elsewhere: --chromium PATH`,
    );
  }
  const launch = (): Promise<Browser> => chromium.launch({ executablePath });
  const browser = await launch();
  const name = `chromium ${browser.version()}`;
  await browser.close();
  return { name, run: (module, orders) => runInPage(launch, module, orders) };
}

function onPath(): string | null {
  const { PATH } = process.env;
  const folders = (PATH ?? '').split(delimiter);
  const places = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find((place) => existsSync(place)) ?? null;
}

async function runInPage(
  launch: () => Promise<Browser>,
  module: string,
  orders: readonly EngineOrder[],
): Promise<EngineAnswer[]> {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.evaluate(LOAD, readFileSync(module, 'utf8'));
    const answers: EngineAnswer[] = [];
    for (const order of orders) answers.push(await page.evaluate(ANSWER, order));
    return answers;
  } finally {
    await browser.close();
  }
}

// Both run in the page, and are sent there as text: they may name nothing of this file.

const LOAD = async (source: string): Promise<void> => {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  Object.assign(globalThis, { simulator: await import(url) });
};

const ANSWER = (order: EngineOrder): EngineAnswer => {
  const page = globalThis as unknown as {
    readonly simulator: { readonly answerOrder: (order: EngineOrder) => EngineAnswer };
  };
  return page.simulator.answerOrder(order);
};
