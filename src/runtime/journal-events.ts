/** A node's inputs as journal records, and back. One byte says which kind it is. */
import { unreachable } from '../base/assert.ts';
import type { NodeId } from '../base/units.ts';
import type { DiskCode, DiskCompletion, DiskFile } from '../core/disk.ts';
import type { AdminRequest, NodeEvent } from '../node/contract.ts';
import type { JournalReader, JournalWriter } from './journal-bytes.ts';

const KINDS = [
  'connected',
  'received',
  'closed',
  'drained',
  'peer-frame',
  'peer-link',
  'gossip',
  'disk',
  'admin',
] as const satisfies NodeEvent['kind'][];

const CODES = ['OK', 'EIO', 'ENOSPC', 'ENOENT'] as const satisfies DiskCode[];

export function writeEvent(writer: JournalWriter, event: NodeEvent): void {
  writer.u8(KINDS.indexOf(event.kind));
  switch (event.kind) {
    case 'connected':
      writer.number(event.connection).text(event.address);
      break;
    case 'received':
      writer.number(event.connection).bytes(event.bytes);
      break;
    case 'closed':
    case 'drained':
      writer.number(event.connection);
      break;
    case 'peer-frame':
    case 'gossip':
      writer.bytes(event.bytes);
      break;
    case 'peer-link':
      writer.u32(event.peer).u8(Number(event.up));
      break;
    case 'disk':
      writeCompletion(writer, event.completion);
      break;
    case 'admin':
      writer.text(JSON.stringify(event.request));
      break;
    default:
      unreachable(event);
  }
}

export function readEvent(reader: JournalReader): NodeEvent {
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw new RangeError('the journal holds an unknown input');
  switch (kind) {
    case 'connected':
      return { kind, connection: reader.number(), address: reader.text() };
    case 'received':
      return { kind, connection: reader.number(), bytes: reader.bytes() };
    case 'closed':
    case 'drained':
      return { kind, connection: reader.number() };
    case 'peer-frame':
    case 'gossip':
      return { kind, bytes: reader.bytes() };
    case 'peer-link':
      return { kind, peer: reader.u32() as NodeId, up: reader.u8() === 1 };
    case 'disk':
      return { kind, completion: readCompletion(reader) };
    case 'admin':
      return { kind, request: JSON.parse(reader.text()) as AdminRequest };
    default:
      return unreachable(kind);
  }
}

function writeCompletion(writer: JournalWriter, completion: DiskCompletion): void {
  const { ticket, code, bytes, files } = completion;
  writer.number(ticket).u8(CODES.indexOf(code)).bytes(bytes).u32(files.length);
  for (const file of files) writer.text(file.name).number(file.bytes);
}

function readCompletion(reader: JournalReader): DiskCompletion {
  const ticket = reader.number();
  const code = CODES[reader.u8()]!;
  const bytes = reader.bytes();
  const files: DiskFile[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    files.push({ name: reader.text(), bytes: reader.number() });
  }
  return { ticket, code, bytes, files };
}
