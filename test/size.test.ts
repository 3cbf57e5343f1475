/** A file is one idea, and one idea fits in 400 lines. */
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { sourceFiles } from './sources.ts';

const LINES_MAX = 400;

test.each(['src', 'sim', 'scripts', 'test'])(
  `no file in %s is over ${LINES_MAX} lines`,
  (folder) => {
    const long = sourceFiles(folder)
      .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines > LINES_MAX);
    expect(long).toEqual([]);
  },
);
