/** Printing: tables for people, colours where they are welcome, and what ends a pipe. */

export interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  /** Whether a cell says something good, which is then green, or bad: red. Null: no colours. */
  readonly isGood: ((cell: string) => boolean) | null;
}

interface Stream {
  readonly isTTY?: boolean;
}

/** Aligned columns under a header, without trailing blanks. */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  stream: Stream,
): string {
  const header = columns.map(({ title }) => title);
  const widths = columns.map((_, at) =>
    Math.max(...[header, ...rows].map((row) => (row[at] ?? '').length)),
  );
  const lineOf = (row: readonly string[], isHeader: boolean): string => {
    const cells = columns.map((column, at) => {
      const cell = row[at] ?? '';
      const text = padded(cell, widths[at]!, column);
      if (column.isGood === null || isHeader) return text;
      return coloured(text, column.isGood(cell), stream);
    });
    return `${cells.join('  ').trimEnd()}\n`;
  };
  return lineOf(header, true) + rows.map((row) => lineOf(row, false)).join('');
}

function padded(text: string, width: number, { isNumber }: Column): string {
  return isNumber ? text.padStart(width) : text.padEnd(width);
}

const GREEN = 32;
const RED = 31;

/** Green or red, if `stream` is a terminal and https://no-color.org is not invoked. */
export function coloured(
  text: string,
  isGood: boolean,
  stream: Stream,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const { NO_COLOR = '' } = environment;
  const isWelcome = stream.isTTY === true && NO_COLOR === '';
  return isWelcome ? `\x1b[${isGood ? GREEN : RED}m${text}\x1b[0m` : text;
}

/** For `head` and its like: whoever stops reading has what he wanted. */
export function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}
