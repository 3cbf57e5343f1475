/** The commands of an entry, in the words of the reference: keys and values as Latin-1. */
import { type CommandView, newCommandView, readCommand } from '../../../src/core/command.ts';
import { ENTRY_HEADER_BYTES, type EntryHeader } from '../../../src/core/entry.ts';

export interface SpokenCommand extends CommandView {
  readonly key: string;
  readonly value: string;
}

/** One for each that the header counts; null for what is none, and for all behind it. */
export function commandsOf(entry: Uint8Array, { count, bodyBytes }: EntryHeader) {
  const commands: (SpokenCommand | null)[] = [];
  const end = ENTRY_HEADER_BYTES + bodyBytes;
  let at = ENTRY_HEADER_BYTES;
  while (commands.length < count) {
    const view = newCommandView();
    const isWhole = at < end && readCommand(entry, at, end, view);
    at = isWhole ? at + view.size : end;
    commands.push(isWhole ? spoken(entry, view) : null);
  }
  return commands;
}

function spoken(entry: Uint8Array, view: CommandView): SpokenCommand {
  const key = textIn(entry, view.keyAt, view.keyBytes);
  return { ...view, key, value: textIn(entry, view.valueAt, view.valueBytes) };
}

export function textIn(bytes: Uint8Array, at: number, count: number): string {
  let text = '';
  for (let offset = at; offset < at + count; offset++) text += String.fromCharCode(bytes[offset]!);
  return text;
}
