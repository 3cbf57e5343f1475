/** A run told three ways: in sentences, in a column for each node, and as a Mermaid diagram. */
import type { Happening } from '../run/chronicle.ts';

const COLUMN = 24;

const time = (timeMs: number): string => `${(timeMs / 1_000).toFixed(3).padStart(9)} s`;

/** One line for each happening; the last `linesMax` of them. */
export function sentences(happenings: readonly Happening[], linesMax: number): string[] {
  const told = happenings.slice(-linesMax).map(({ timeMs, node, what }) => {
    return `${time(timeMs)}  ${node === 0 ? '' : `node ${node} `}${what}`;
  });
  const left = happenings.length - told.length;
  return left > 0 ? [`${' '.repeat(13)}(${left} earlier lines are left out)`, ...told] : told;
}

export function columns(happenings: readonly Happening[], nodes: number): string[] {
  const head = Array.from({ length: nodes }, (_, at) => `node ${at + 1}`.padEnd(COLUMN));
  const rows = happenings.flatMap((happening) => columnRows(happening, nodes));
  return [`${' '.repeat(12)} ${head.join(' ')}`.trimEnd(), ...rows];
}

/** As many lines as the text needs in its column. */
function columnRows({ timeMs, node, what }: Happening, nodes: number): string[] {
  const lines = wrapped(what, COLUMN - 1);
  return lines.map((line, at) => {
    const start = at === 0 ? time(timeMs) : ' '.repeat(11);
    const place = node === 0 ? 0 : (node - 1) * (COLUMN + 1);
    return `${start}  ${' '.repeat(Math.min(place, nodes * COLUMN))}${line}`;
  });
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** For a page that draws Mermaid: votes are arrows, everything else is a note. */
export function mermaid(happenings: readonly Happening[], nodes: number): string[] {
  const lines = ['sequenceDiagram'];
  for (let node = 1; node <= nodes; node++) lines.push(`  participant n${node} as node ${node}`);
  for (const { timeMs, node, what, target } of happenings) {
    const text = `${(timeMs / 1_000).toFixed(3)} s ${what}`.replaceAll(/[;#]/g, ',');
    if (target !== 0 && target <= nodes) lines.push(`  n${node}->>n${target}: ${text}`);
    else if (node === 0) lines.push(`  note over n1,n${nodes}: ${text}`);
    else lines.push(`  note over n${node}: ${text}`);
  }
  return lines;
}
