/**
 * A strict reader of Prometheus' text format, for tests: what `promtool check metrics` would refuse
 * or frown at.
 */

export interface Exposition {
  /** By series, name and labels as written. */
  readonly samples: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
}

interface Family {
  readonly help: string;
  type: string | null;
}

const NAME = /^[a-z][a-z0-9_]*$/;
const SAMPLE = /^([a-z][a-z0-9_]*)(\{[a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*})? (\S+)$/;
const PARTS = /_(?:bucket|sum|count)$/;
const OTHER_UNITS = /_(?:milliseconds|ms|micros|minutes|hours|kilobytes|mb|percent)(?:_|$)/;

export function exposition(text: string): Exposition {
  const problems: string[] = [];
  const families = new Map<string, Family>();
  const samples = new Map<string, number>();
  if (!text.endsWith('\n')) problems.push('the last line is not ended');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const problem = line.startsWith('#')
      ? readComment(line, families)
      : readSample(line, families, samples);
    if (problem !== null) problems.push(`${problem}: ${line}`);
  }
  for (const [name, family] of families) {
    const problem = lintFamily(name, family);
    if (problem !== null) problems.push(`${problem}: ${name}`);
  }
  return { samples, problems };
}

function readComment(line: string, families: Map<string, Family>): string | null {
  const match = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
  if (match === null) return 'an odd comment';
  const [, kind, name, rest] = match;
  if (kind === 'HELP') {
    if (families.has(name!)) return 'a family twice';
    families.set(name!, { help: rest!, type: null });
    return null;
  }
  const family = families.get(name!);
  if (family === undefined || family.type !== null) return 'a type without help, or twice';
  family.type = rest!;
  return null;
}

function readSample(
  line: string,
  families: ReadonlyMap<string, Family>,
  samples: Map<string, number>,
): string | null {
  const match = SAMPLE.exec(line);
  if (match === null) return 'not a sample';
  const [, name, labels, text] = match;
  const family = families.get(name!) ?? families.get(name!.replace(PARTS, ''));
  if (family === undefined || family.type === null) return 'a sample without a family';
  const series = `${name}${labels ?? ''}`;
  if (samples.has(series)) return 'a series twice';
  const value = Number(text);
  if (!Number.isFinite(value)) return 'not a finite number';
  samples.set(series, value);
  return null;
}

function lintFamily(name: string, { help, type }: Family): string | null {
  if (!NAME.test(name)) return 'an odd name';
  if (help.length === 0) return 'no help';
  if (OTHER_UNITS.test(name)) return 'not a base unit';
  if ((type === 'counter') !== name.endsWith('_total'))
    return 'counters, and only they, end in _total';
  if (type !== 'histogram' && PARTS.test(name)) return "a histogram's suffix";
  return /_(?:counter|gauge|histogram)(?:_|$)/.test(name) ? 'its type in its name' : null;
}
