/**
 * What was typed in earlier sessions, newest first, in the user's state folder.
 *
 * The file is for its owner alone, since values stand in it. A line that begins with a blank is not
 * kept. A history that cannot be read or written is done without, silently: it is a convenience.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

export const HISTORY_LINES_MAX = 1000;
const OWNER_ONLY = 0o600;

/** XDG's rule: an address that is not absolute counts for nothing. */
export function historyFile(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_STATE_HOME = '' } = environment;
  const folder = isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : join(homedir(), '.local', 'state');
  return join(folder, 'apex-kv', 'history');
}

export function loadHistory(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(isKept).slice(0, HISTORY_LINES_MAX);
  } catch {
    return [];
  }
}

export function saveHistory(file: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const kept = lines.filter(isKept).slice(0, HISTORY_LINES_MAX);
    writeFileSync(file, kept.map((line) => `${line}\n`).join(''), { mode: OWNER_ONLY });
  } catch {
    // Rule of the file: nobody is bothered.
  }
}

export const isKept = (line: string): boolean => line.trim() !== '' && !line.startsWith(' ');
