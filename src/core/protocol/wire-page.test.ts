/**
 * Executes the worked bytes of docs/protocol/wire.md against the machine, the writer and a toy node
 * that knows just enough to answer them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../base/bytes.ts';
import { decodeUtf8, encodeUtf8 } from '../../base/text.ts';
import { millis } from '../../base/units.ts';
import { OPERATION, STATUS } from '../types.ts';
import { partsOf } from './fixture.ts';
import { FrameWriter } from './frame-writer.ts';
import { ProtocolOut } from './requests.ts';
import { protocol } from './step.ts';
import { FLAG, REQUEST } from './wire.ts';
import {
  newReplyView,
  writeFailure,
  writeMetrics,
  writePong,
  writeRedirect,
  writeResult,
  writeWelcome,
} from './writer.ts';

const PAGE = new URL('../../../docs/protocol/wire.md', import.meta.url);

interface Block {
  readonly line: number;
  readonly follower: boolean;
  readonly lines: string[];
}

function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  for (const [at, line] of page.split('\n').entries()) {
    if (line.startsWith('```wire')) {
      open = { line: at + 1, follower: line.endsWith('follower'), lines: [] };
      blocks.push(open);
    } else if (line.startsWith('```')) open = null;
    else if (open !== null) open.lines.push(line);
  }
  return blocks;
}

/** `00000001 "k"`: hex, and texts in quotes. */
function bytesOf(line: string): string {
  const quoted = line.replaceAll(/"([^"]*)"/g, (_, text: string) => toHex(encodeUtf8(text)));
  return quoted.replaceAll(/\s/g, '');
}

/** The outcome of one operation on a map, in the store's words. */
class ToyStore {
  readonly #values = new Map<string, string>();
  readonly #results = new Map<string, ToyResult>();
  #revision = 0;

  apply(command: NonNullable<ReturnType<typeof partsOf>>): ToyResult {
    const name = `${command.session}/${command.sequence}`;
    const known = this.#results.get(name);
    if (command.session > 0 && known !== undefined) return known;
    const result = this.#execute(command);
    this.#results.set(name, result);
    return result;
  }

  #execute(command: NonNullable<ReturnType<typeof partsOf>>): ToyResult {
    const key = decodeUtf8(command.key);
    const current = this.#values.get(key);
    const value = decodeUtf8(command.value);
    switch (command.operation) {
      case OPERATION.GET:
        return this.#result(current === undefined ? STATUS.NOT_FOUND : STATUS.VALUE, current);
      case OPERATION.DELETE:
        if (!this.#values.delete(key)) return this.#result(STATUS.NOT_FOUND);
        return this.#changed();
      case OPERATION.PUT:
        return this.#set(key, value);
      case OPERATION.APPEND:
        return this.#set(key, (current ?? '') + value);
      case OPERATION.INCREMENT: {
        if (!/^-?\d+$/.test(value)) return this.#result(STATUS.NOT_AN_INTEGER);
        const sum = String(Number(current ?? '0') + Number(value));
        return { ...this.#set(key, sum), status: STATUS.VALUE, value: sum };
      }
      case OPERATION.COMPARE_AND_SWAP:
        return this.#swap(key, current, command.value);
      default:
        return this.#changed();
    }
  }

  #swap(key: string, current: string | undefined, value: Uint8Array): ToyResult {
    const length = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
    const absent = length === 0xffff_ffff;
    const expected = absent ? undefined : decodeUtf8(value, 4, 4 + length);
    if (expected !== current) return this.#result(STATUS.CONDITION_FAILED, current);
    return this.#set(key, decodeUtf8(value, absent ? 4 : 4 + length));
  }

  #set(key: string, value: string): ToyResult {
    this.#values.set(key, value);
    return this.#changed();
  }

  #changed(): ToyResult {
    this.#revision++;
    return this.#result(STATUS.OK);
  }

  #result(status: number, value = ''): ToyResult {
    return { status, revision: this.#revision, value };
  }
}

interface ToyResult {
  readonly status: number;
  readonly revision: number;
  readonly value: string;
}

/** Node 1, or one that follows it. */
class ToyNode {
  readonly #writer = new FrameWriter(1);
  readonly #state = protocol.init({ connection: 1, mode: 'unknown' });
  readonly #out = new ProtocolOut();
  readonly #store = new ToyStore();
  readonly #follower: boolean;

  constructor(follower: boolean) {
    this.#follower = follower;
  }

  answer(bytes: Uint8Array): string {
    const out = this.#out;
    out.clear();
    protocol.step(this.#state, { kind: 'received', bytes }, millis(0), out);
    protocol.check(this.#state);
    for (let row = 0; row < out.requests.count; row++) this.#answerRow(row);
    return toHex(this.#writer.take()) + (out.closes.length > 0 ? 'closed' : '');
  }

  #answerRow(row: number): void {
    const { requests } = this.#out;
    const request = {
      seq: requests.seq[row]!,
      command: requests.command[row]!,
      flags: requests.flags[row]!,
    };
    const { seq, command } = request;
    const error = requests.error[row]!;
    const metrics = { opsGet: 12_345, opsPut: 6_789, p99GetMicros: 234, p99PutMicros: 1_102 };
    const { features } = this.#state;
    if (error !== null) writeFailure(this.#writer, request, { code: error, detail: 'why' });
    else if (command === REQUEST.PING) writePong(this.#writer, seq);
    else if (command === REQUEST.METRICS) writeMetrics(this.#writer, seq, metrics);
    else if (command === REQUEST.HELLO)
      writeWelcome(this.#writer, seq, { features, server: 'apex-kv/2' });
    else if (this.#follower) writeRedirect(this.#writer, seq, '127.0.0.1:7001');
    else this.#execute(row, request);
  }

  #execute(row: number, request: { seq: number; command: number; flags: number }): void {
    const { requests } = this.#out;
    const at = requests.at[row]!;
    const command = partsOf(requests.commands.slice(at, at + requests.bytes[row]!))!;
    const { status, revision, value } = this.#store.apply(command);
    const source = encodeUtf8(value);
    const staleMs = (request.flags & FLAG.STALE) !== 0 ? 12 : 0;
    const result = { status, revision, staleMs, source, valueAt: 0, valueBytes: source.length };
    if (status === STATUS.NOT_AN_INTEGER) {
      writeFailure(this.#writer, request, { code: 'NOT_AN_INTEGER', detail: 'why' });
    } else writeResult(this.#writer, { ...newReplyView(), ...request, ...result });
  }
}

describe('docs/protocol/wire.md', () => {
  const blocks = blocksOf(readFileSync(PAGE, 'utf8'));

  test('has worked bytes for every command', () => {
    const used = new Set(
      blocks.flatMap((block) =>
        block.lines.filter((line) => line.startsWith('C')).map((line) => line.slice(11, 13)),
      ),
    );
    for (const command of Object.values(REQUEST)) {
      expect(used).toContain(command.toString(16).padStart(2, '0'));
    }
  });

  test.each(blocks.map((block) => [block.line, block] as const))('line %i', (_, block) => {
    const node = new ToyNode(block.follower);
    let asked = '';
    let answered = '';
    let expected = '';
    for (const line of block.lines) {
      if (line.startsWith('C') && expected !== '') {
        answered += node.answer(fromHex(asked));
        asked = '';
        expect(answered).toBe(expected);
        answered = '';
        expected = '';
      }
      if (line.startsWith('C')) asked += bytesOf(line.slice(1));
      else expected += bytesOf(line.slice(1));
    }
    expect(node.answer(fromHex(asked))).toBe(expected);
  });
});
