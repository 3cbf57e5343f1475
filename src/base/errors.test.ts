import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, EXIT, errorRow, failure, isErrorCode } from './errors.ts';

const PAGE = new URL('../../docs/errors.md', import.meta.url);

describe('the table of errors', () => {
  test('and docs/errors.md have the same rows: code, outcome, exit status, cause, remedy', () => {
    const wanted = ERROR_CODES.map((code) => {
      const { outcome, exit, meaning, remedy } = errorRow(code);
      return `| \`${code}\` | ${outcome} | ${exit} | ${meaning} | ${remedy} |`;
    });
    const found = readFileSync(PAGE, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(found).toEqual(wanted);
  });

  test('codes are upper-case words, meanings and remedies whole sentences', () => {
    for (const code of ERROR_CODES) {
      const { meaning, remedy } = errorRow(code);
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(meaning).toMatch(/^[A-Z].*\.$/);
      expect(remedy).toMatch(/^[A-Z].*\.$/);
      expect(`${meaning}${remedy}`).not.toContain('|');
    }
  });

  test('an unknown outcome is never told to a script as a plain failure of the request', () => {
    // Exit status 6 means "may have happened"; the one exception stops the node itself.
    for (const code of ERROR_CODES) {
      const { outcome, exit } = errorRow(code);
      if (exit === EXIT.OUTCOME_UNKNOWN) expect(outcome).toBe('unknown');
      if (outcome === 'unknown' && code !== 'DISK_FAILED') expect(exit).toBe(EXIT.OUTCOME_UNKNOWN);
    }
  });

  test('knows its own codes and no others, not even the names that every object has', () => {
    expect(ERROR_CODES.every(isErrorCode)).toBe(true);
    for (const other of ['', 'not_leader', 'NOPE', 'constructor', '__proto__', 'toString']) {
      expect(isErrorCode(other)).toBe(false);
    }
  });

  test('a failure is a code and a sentence', () => {
    expect(failure('OVERLOADED', 'queue full')).toEqual({
      code: 'OVERLOADED',
      detail: 'queue full',
    });
  });
});
