/**
 * The transcripts in testdata/: each is a story that can be read, and is run again here.
 *
 * UPDATE_GOLDEN=1 writes down what happens now; whoever does so reads the difference as prose.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Script } from './testing/script.ts';

const FOLDER = new URL('./testdata/', import.meta.url);
const { UPDATE_GOLDEN } = process.env;
const isUpdating = UPDATE_GOLDEN === '1';

/** Runs every command of `story` again: what stands under each `----` is replaced. */
function tell(story: string): string {
  const script = new Script();
  const told: string[] = [];
  let isOutput = false;
  for (const line of story.split('\n')) {
    if (line === '') isOutput = false;
    if (isOutput || line === '----') continue;
    told.push(line);
    if (line === '' || line.startsWith('#')) continue;
    told.push('----', ...script.run(line));
    isOutput = true;
  }
  return told.join('\n');
}

describe('transcripts', () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

  test.each(names)('%s is what happens', (name) => {
    const file = new URL(name, FOLDER);
    const story = readFileSync(file, 'utf8');
    const told = tell(story);
    if (isUpdating) writeFileSync(file, told);
    else expect(told).toBe(story);
  });
});
