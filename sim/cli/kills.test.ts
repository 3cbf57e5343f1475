import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findMutant } from '../mutants/catalogue.ts';
import { parseRequest } from './arguments.ts';
import { obey } from './commands.ts';
import { KILLS_FILE, readKills, seedsBehind, withKill, writeKills } from './kills.ts';

const emptyFile = (): string => join(mkdtempSync(join(tmpdir(), 'apex-kills-')), 'kills.json');

test('seeds that killed before come first, and are not tried twice', () => {
  expect([...seedsBehind(['7', '2'], ['1', '2', '3'])]).toEqual(['7', '2', '1', '3']);
  expect([...seedsBehind([], ['1'])]).toEqual(['1']);
});

test('the newest kill stands first, and only a few are kept', () => {
  let kills = readKills(emptyFile());
  for (const seed of ['1', '2', '3', '2', '4']) kills = withKill(kills, 'E01', seed);
  expect(kills.get('E01')).toEqual(['4', '2', '3']);
});

test('what is written is read again, in the order of the ids', () => {
  const file = emptyFile();
  writeKills(
    file,
    new Map([
      ['W01', ['5']],
      ['A02', ['3', '18446744073709551615']],
    ]),
  );
  expect([...readKills(file)]).toEqual([
    ['A02', ['3', '18446744073709551615']],
    ['W01', ['5']],
  ]);
  expect(readFileSync(file, 'utf8').split('\n')).toContain('  "W01": ["5"]');
});

test('every recorded seed is of a mutant that there is', () => {
  for (const id of readKills(KILLS_FILE).keys()) expect(findMutant(id)?.id).toBe(id);
});

test('a recorded seed that kills nothing leaves the verdict to the range behind it', async () => {
  const file = emptyFile();
  writeKills(file, new Map([['canary', ['2']]]));
  const args = ['--mutant', 'canary', '--seeds', '1..1', '--recorded', '--record'];
  const { exitCode, json } = await obey(parseRequest(args), () => {}, file);
  // The canary's deaths are trivial, on any seed.
  expect(exitCode).toBe(10);
  expect(json).toMatchObject({ killed: false, trivial: true, seedsTried: 2 });
  expect(readKills(file).get('canary')).toEqual(['2']);
}, 120_000);

test('what killed is written down, and kills at once the next time', async () => {
  const file = emptyFile();
  const hunt = (...args: readonly string[]) =>
    obey(parseRequest(['--mutant', 'G17', ...args]), () => {}, file);
  const { json } = await hunt('--seeds', '1..5', '--record');
  const { seed } = json as { readonly seed: number };
  expect(readKills(file).get('G17')).toEqual([`${seed}`]);
  const again = await hunt('--seeds', '1..200', '--recorded');
  expect(again.json).toMatchObject({ killed: true, seed, seedsTried: 1 });
}, 120_000);
