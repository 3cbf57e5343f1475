/** The event trace of one run in a file: JSON lines when it is named so, else columns. */
import { writeFileSync } from 'node:fs';
import type { TraceRecorder, TraceRow } from '../world/trace.ts';

export function writeTrace(file: string, recorder: TraceRecorder): void {
  const isJson = file.endsWith('.jsonl') || file.endsWith('.json');
  const lines: string[] = [];
  for (let event = recorder.first(); event < recorder.length(); event++) {
    const row = recorder.row(event)!;
    lines.push(isJson ? JSON.stringify(row) : asColumns(row));
  }
  writeFileSync(file, `${lines.join('\n')}\n`);
}

function asColumns({ event, timeUs, node, kind, digest }: TraceRow): string {
  const time = (timeUs / 1_000).toFixed(3).padStart(12);
  const place = node === 0 ? '  -' : String(node).padStart(3);
  const sum = digest.toString(16).padStart(8, '0');
  return `${String(event).padStart(8)} ${time} ms ${place}  ${sum}  ${kind}`;
}
