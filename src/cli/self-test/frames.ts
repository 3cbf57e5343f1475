/** The worked bytes of docs/protocol/wire.md and docs/formats/entry.md, both ways. */
import { fromHex, toHex } from '../../base/bytes.ts';
import { asciiBytes, decodeUtf8 } from '../../base/text.ts';
import { groupId, logIndex, millis, term } from '../../base/units.ts';
import { ENTRY_KIND, encodeEntry, isEntryBodyIntact, readEntryHeader } from '../../core/entry.ts';
import { newRequestView, type RequestView, writeRequest } from '../../core/protocol/client.ts';
import { FrameWriter } from '../../core/protocol/frame-writer.ts';
import { ReplyReader, readMetrics, readRefusal } from '../../core/protocol/replies.ts';
import { ProtocolOut } from '../../core/protocol/requests.ts';
import { protocol } from '../../core/protocol/step.ts';
import { REQUEST } from '../../core/protocol/wire.ts';
import { OPERATION, STATUS } from '../../core/types.ts';
import { type Check, same } from './check.ts';

const text = asciiBytes;
const hex = (spaced: string): Uint8Array => fromHex(spaced.replaceAll(' ', ''));

const REQUESTS: readonly (readonly [string, Partial<RequestView>])[] = [
  [
    'a9ecbd10 02 00 0000 00000014 00000001 00000005 6d796b6579 00000007 612076616c7565',
    { command: REQUEST.PUT, seq: 1, key: text('mykey'), value: text('a value') },
  ],
  [
    'a9ecbd10 01 00 0000 00000009 00000002 00000005 6d796b6579',
    { command: REQUEST.GET, seq: 2, key: text('mykey') },
  ],
  [
    'a9ecbd10 03 00 0000 00000009 00000003 00000005 6d796b6579',
    { command: REQUEST.DEL, seq: 3, key: text('mykey') },
  ],
  ['a9ecbd10 04 00 0000 00000000 00000004', { command: REQUEST.PING, seq: 4 }],
  [
    'a9ecbd10 23 00 0000 00000010 00000005 00000001 6b ffffffff 00000003 6f6e65',
    { command: REQUEST.COMPARE_AND_SWAP, seq: 5, key: text('k'), value: text('one') },
  ],
];

const OPERATIONS = [OPERATION.PUT, OPERATION.GET, OPERATION.DELETE, 0, OPERATION.COMPARE_AND_SWAP];

const REPLIES = hex(
  'a9ecbd10 10 00 0001 00000000 00000001' +
    'a9ecbd10 11 00 0001 0000000b 00000002 00000007 612076616c7565' +
    'a9ecbd10 12 00 0001 00000000 00000003' +
    'a9ecbd10 16 00 0001 00000020 00000004 0000000000003039 0000000000001a85' +
    '00000000000000ea 000000000000044e' +
    'a9ecbd10 13 00 0001 00000011 00000005 0000000d 4d414c464f524d454420776879',
);

function requestsAreWritten(): void {
  for (const [frame, parts] of REQUESTS) {
    const writer = new FrameWriter(0);
    writeRequest(writer, { ...newRequestView(), ...parts });
    same(toHex(writer.take()), toHex(hex(frame)), 'a frame');
  }
}

/** One byte at a time, so that every place to cut is tried. */
function requestsAreRead(): void {
  const state = protocol.init({ connection: 1, mode: 'unknown' });
  const out = new ProtocolOut();
  for (const [frame] of REQUESTS) {
    for (const byte of hex(frame)) {
      protocol.step(state, { kind: 'received', bytes: Uint8Array.of(byte) }, millis(0), out);
    }
  }
  protocol.check(state);
  const { requests } = out;
  same(
    requests.error,
    OPERATIONS.map(() => null),
    'refusals',
  );
  same([...requests.operation.subarray(0, requests.count)], OPERATIONS, 'operations');
}

function repliesAreRead(): void {
  const reader = new ReplyReader();
  for (const byte of REPLIES) reader.receive(Uint8Array.of(byte));
  same(
    [reader.broken, [...reader.seq.subarray(0, reader.count)]],
    [false, [1, 2, 3, 4, 5]],
    'rows',
  );
  const statuses = [STATUS.OK, STATUS.VALUE, STATUS.NOT_FOUND];
  same([...reader.status.subarray(0, 3)], statuses, 'statuses');
  same(decodeUtf8(reader.value(1)), 'a value', 'the value');
  const metrics = { opsGet: 12345, opsPut: 6789, p99GetMicros: 234, p99PutMicros: 1102 };
  same(readMetrics(reader, 3), metrics, 'metrics');
  same(readRefusal(reader, 4).code, 'MALFORMED', 'the refusal');
}

function entriesAreSealed(): void {
  const head = { group: groupId(3), term: term(5), index: logIndex(7), stamp: 1_700_000_000_000 };
  const body = text('8 bytes!8 bytes!');
  const entry = encodeEntry({ kind: ENTRY_KIND.COMMANDS, count: 2, ...head }, body);
  const read = readEntryHeader(entry, 0, entry.length);
  if (read === null) throw new Error('the header of an entry is not read back');
  const { group, term: inTerm, index, stamp, count, bodyBytes } = read;
  const found = { group, term: inTerm, index, stamp, count, bodyBytes };
  same(found, { ...head, count: 2, bodyBytes: body.length }, 'the header');
  for (let at = 0; at < entry.length; at++) {
    const damaged = entry.slice();
    damaged[at]! ^= 1;
    same(isIntact(damaged), false, `intact after damage at byte ${at}`);
  }
}

function isIntact(entry: Uint8Array): boolean {
  const header = readEntryHeader(entry, 0, entry.length);
  return header !== null && isEntryBodyIntact(entry, 0, entry.length, header);
}

export const frameChecks: readonly Check[] = [
  { claim: 'requests are written as documented', run: requestsAreWritten },
  { claim: 'requests are read as documented, however they are cut', run: requestsAreRead },
  { claim: 'replies are read as documented, however they are cut', run: repliesAreRead },
  { claim: 'one flipped bit anywhere in an entry is noticed', run: entriesAreSealed },
];
