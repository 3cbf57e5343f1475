/** What commands share in reading their words: each throws commander's own complaint. */
import { InvalidArgumentError, Option } from 'commander';
import { type Address, parseAddresses } from '../client/address.ts';
import { parseInteger } from './quantities.ts';

export type OutputForm = 'table' | 'json' | 'jsonl' | 'raw';
const OUTPUT_FORMS: readonly OutputForm[] = ['table', 'json', 'jsonl', 'raw'];

const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s|m)$/;
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
]);
const DURATION_MS_MAX = 3_600_000;

export function addresses(text: string): readonly Address[] {
  const parsed = parseAddresses(text);
  if (typeof parsed === 'string') throw new InvalidArgumentError(`${parsed}.`);
  return parsed;
}

/** `150ms`, `2s`, `1.5m`: whole milliseconds. */
export function duration(text: string): number {
  const match = DURATION.exec(text);
  const value = match === null ? 0 : Math.round(Number(match[1]) * UNIT_MS.get(match[2]!)!);
  if (value >= 1 && value <= DURATION_MS_MAX) return value;
  throw new InvalidArgumentError('A duration is like 150ms, 2s or 5m, an hour at most.');
}

export const integerWithin =
  (low: number, high: number) =>
  (text: string): number => {
    const value = parseInteger(text, low, high);
    if (value === null) throw new InvalidArgumentError(`It is an integer from ${low} to ${high}.`);
    return value;
  };

export function outputOption(otherwise: string): Option {
  const option = new Option('-o, --output <form>', `how to print (default: ${otherwise})`);
  return option.choices(OUTPUT_FORMS);
}

export function timeoutOption(defaultMs: number): Option {
  const option = new Option('--timeout <duration>', 'how long to wait for an answer');
  return option.argParser(duration).default(defaultMs, `${defaultMs / 1000}s`);
}
