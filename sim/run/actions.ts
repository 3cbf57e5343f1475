/** What a client may do next, and what an answer to it means to the model. */
import { decodeUtf8 } from '../../src/base/text.ts';
import { NO_STATUS } from '../../src/core/protocol/replies.ts';
import { FLAG, REQUEST } from '../../src/core/protocol/wire.ts';
import { STATUS } from '../../src/core/types.ts';
import {
  NOT_AN_INTEGER,
  NOT_FOUND,
  OK,
  OUT_OF_RANGE,
  refused,
  type StoreCall,
} from '../check/linearizable/store.ts';
import type { Stream } from '../world/streams.ts';
import type { WorkloadConfig } from './config.ts';
import { expiringKey } from './expiring.ts';

export interface Action {
  readonly command: number;
  readonly flags: number;
  readonly key: string;
  readonly value: string;
  readonly expected: string | null;
  readonly isWrite: boolean;
  readonly call: StoreCall;
}

export const put = (value: string): StoreCall => ({
  name: 'put',
  value,
  deadline: null,
  condition: 'none',
  returnOld: false,
});

const get = { command: REQUEST.GET, isWrite: false, call: { name: 'get' } as StoreCall };

/** Calls that make a value, or a longer one. */
export const GROWING: ReadonlySet<string> = new Set(['put', 'swap', 'increment', 'append']);

/** Counters, growing texts and what expires are keys of their own. */
function anyKey(stream: Stream, key: string): string {
  const prefix = stream.pick(['', '', '', 'n', 'a', 't']);
  return prefix === 't' ? expiringKey(stream) : prefix + key;
}

/**
 * `serial` is unique in the run: every value shows who wrote it. `lastSeen` tells what the client
 * takes a key to hold, for a swap that may succeed.
 */
export function drawAction(
  stream: Stream,
  workload: WorkloadConfig,
  serial: string,
  lastSeen: ReadonlyMap<string, string | null>,
): Action {
  const key = `k${stream.below(workload.keys)}`;
  const typed = stream.permille(500) ? FLAG.TYPED : 0;
  const action = { flags: typed, key, value: '', expected: null, isWrite: true };
  switch (stream.weighted(workload.weights)) {
    case 0:
      return { ...action, key: anyKey(stream, key), ...get };
    case 1: {
      const flags = typed | FLAG.STALE;
      return { ...action, key: anyKey(stream, key), flags, ...get };
    }
    case 2: {
      const value = padded(stream, workload, serial);
      return { ...action, command: REQUEST.PUT, value, call: put(value) };
    }
    case 3: {
      const call: StoreCall = { name: 'delete' };
      return { ...action, key: anyKey(stream, key), command: REQUEST.DEL, call };
    }
    case 4: {
      const expected = stream.permille(800) ? (lastSeen.get(key) ?? null) : null;
      const call: StoreCall = { name: 'swap', expected, value: serial, deadline: null };
      return { ...action, command: REQUEST.COMPARE_AND_SWAP, value: serial, expected, call };
    }
    case 5: {
      // Numbers and texts on one key would only test the refusal: counters are keys of their own.
      // Digits of their own: a sum tells how many of each it counts, which keeps judging it cheap.
      const by = stream.pick(['1', '10000', '100000000']);
      const call: StoreCall = { name: 'increment', by };
      return { ...action, key: `n${key}`, command: REQUEST.INCREMENT, value: by, call };
    }
    default: {
      const value = `${serial};`;
      const call: StoreCall = { name: 'append', value };
      return { ...action, key: `a${key}`, command: REQUEST.APPEND, value, call };
    }
  }
}

function padded(stream: Stream, workload: WorkloadConfig, serial: string): string {
  const length = stream.below(workload.valueBytesMax + 1);
  return serial.padEnd(length, '.');
}

/** The model's result for an answer; null also where the answer is an error of another kind. */
export function resultOf(call: StoreCall, status: number, value: Uint8Array): string | null {
  switch (status) {
    case STATUS.OK:
      return call.name === 'append' || call.name === 'increment' ? valueOr(value) : OK;
    case STATUS.VALUE:
      return call.name === 'append' ? OK : decodeUtf8(value);
    case STATUS.NOT_FOUND:
      return call.name === 'get' ? null : NOT_FOUND;
    case STATUS.CONDITION_FAILED:
      return refused(value.length === 0 ? null : decodeUtf8(value));
    case STATUS.NOT_AN_INTEGER:
      return NOT_AN_INTEGER;
    case STATUS.OUT_OF_RANGE:
      return OUT_OF_RANGE;
    default:
      return null;
  }
}

const valueOr = (value: Uint8Array): string => (value.length === 0 ? OK : decodeUtf8(value));

const STATUS_BY_NAME = new Map<string, number>(Object.entries(STATUS));

/** NO_STATUS: no result of a command is called so. */
export const statusNamed = (code: string): number => STATUS_BY_NAME.get(code) ?? NO_STATUS;
