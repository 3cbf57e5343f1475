/**
 * Writes down what clients asked and were told, and has it judged.
 *
 * The file has a JSON object a line, in the order of real time:
 *   {"process": "direct-2/5", "type": "invoke|ok|fail|info", "f": …, "key": …, "value": …}
 * f is get, put (value), del, cas ([expected, new]), append (text) or increment (amount). `ok` of a
 * get has the value read, null for none; `fail` is what certainly was not applied or a cas that did
 * not hold (`value` then tells what it found); `info` has an unknown outcome.
 *
 * A client has many requests in flight, a process one: each of a client's requests takes the lowest
 * of its lanes that is free, and a process is a lane.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import {
  checkLinearizable,
  DEFAULT_LIMITS,
  type Verdict,
} from '../../sim/check/linearizable/check.ts';
import { type Operation, UNKNOWN } from '../../sim/check/linearizable/model.ts';
import { type StoreCall, storeModel } from '../../sim/check/linearizable/store.ts';

export interface Asked {
  readonly client: string;
  readonly lane: number;
  readonly key: string;
  readonly call: StoreCall;
  readonly callAt: number;
}

export class Recorder {
  completed = 0;
  unknown = 0;
  readonly #operations: Operation<StoreCall>[] = [];
  readonly #open = new Set<Asked>();
  readonly #file: WriteStream | null;
  readonly #lanes = new Map<string, boolean[]>();
  /** Counted, not timed: the checker needs only the order. */
  #position = 0;

  /** Null: nothing is written. */
  constructor(file: string | null) {
    this.#file = file === null ? null : createWriteStream(file);
  }

  call(client: string, key: string, call: StoreCall): Asked {
    const lanes = this.#lanesOf(client);
    const free = lanes.indexOf(false);
    const lane = free < 0 ? lanes.length : free;
    lanes[lane] = true;
    const asked = { client, lane, key, call, callAt: ++this.#position };
    this.#open.add(asked);
    this.#write(asked, 'invoke', asWritten(call));
    return asked;
  }

  answered(asked: Asked, result: string | null): void {
    this.completed++;
    this.#keep(asked, ++this.#position, result);
    const refusal = result?.startsWith('refused ') === true;
    const told = refusal ? JSON.parse(result.slice('refused '.length)) : result;
    this.#finish(asked, refusal ? 'fail' : 'ok', told);
  }

  /** Certainly not applied. */
  refused(asked: Asked): void {
    this.#finish(asked, 'fail', null);
  }

  lost(asked: Asked): void {
    this.unknown++;
    this.#keep(asked, UNKNOWN, null);
    this.#finish(asked, 'info', null);
  }

  /** What is still open counts as of unknown outcome. */
  judge(limitMs: number): Verdict {
    const giveUpAt = performance.now() + limitMs;
    const expired = () => performance.now() > giveUpAt;
    const limits = { ...DEFAULT_LIMITS, stepsMax: Number.MAX_SAFE_INTEGER, expired };
    for (const asked of [...this.#open]) this.lost(asked);
    return checkLinearizable(this.#operations, storeModel, limits);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#file === null) resolve();
      else this.#file.end(resolve);
    });
  }

  #lanesOf(client: string): boolean[] {
    const known = this.#lanes.get(client);
    if (known !== undefined) return known;
    const lanes: boolean[] = [];
    this.#lanes.set(client, lanes);
    return lanes;
  }

  /** A read that nobody was answered says nothing. */
  #keep({ client: process, key, call, callAt }: Asked, returnAt: number, result: string | null) {
    if (returnAt === UNKNOWN && call.name === 'get') return;
    this.#operations.push({ process, key, callAt, returnAt, call, result });
  }

  #finish(asked: Asked, type: 'ok' | 'fail' | 'info', value: unknown): void {
    this.#write(asked, type, value);
    this.#open.delete(asked);
    this.#lanesOf(asked.client)[asked.lane] = false;
  }

  #write({ client, lane, key, call }: Asked, type: string, value: unknown): void {
    const f = NAMES[call.name] ?? call.name;
    const line = { process: `${client}/${lane}`, type, f, key, value };
    this.#file?.write(`${JSON.stringify(line)}\n`);
  }
}

const NAMES: Readonly<Record<string, string>> = { delete: 'del', swap: 'cas' };

function asWritten(call: StoreCall): unknown {
  switch (call.name) {
    case 'put':
    case 'append':
      return call.value;
    case 'swap':
      return [call.expected, call.value];
    case 'increment':
      return call.by;
    default:
      return null;
  }
}
