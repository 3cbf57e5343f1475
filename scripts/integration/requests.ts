/** What the clients ask: as bytes for the node, as calls for the history, and how answers are read. */

import type { StoreCall } from '../../sim/check/linearizable/store.ts';
import { type Action, put, resultOf } from '../../sim/run/actions.ts';
import { isErrorCode } from '../../src/base/errors.ts';
import { asciiBytes } from '../../src/base/text.ts';
import type { Answer } from '../../src/client/answer.ts';
import type { Lost } from '../../src/client/connection.ts';
import { newRequestView, type RequestView } from '../../src/core/protocol/client.ts';
import { FLAG, REQUEST } from '../../src/core/protocol/wire.ts';
import { STATUS } from '../../src/core/types.ts';
import type { Asked, Recorder } from './recorder.ts';

export const viewOf = ({ command, flags, key, value, expected }: Action): RequestView => ({
  ...newRequestView(),
  command,
  flags,
  key: asciiBytes(key),
  value: asciiBytes(value),
  expected: expected === null ? null : asciiBytes(expected),
});

const BARE = { flags: FLAG.TYPED, value: '', expected: null };

export function putOf(key: string, value: string): Action {
  return { ...BARE, command: REQUEST.PUT, key, value, isWrite: true, call: put(value) };
}

export function getOf(key: string): Action {
  return { ...BARE, command: REQUEST.GET, key, isWrite: false, call: { name: 'get' } };
}

export type Fate = 'answered' | 'refused' | 'lost';

/** Records the answer. `isRepeated`: the request was sent before, and may have been applied then. */
export function record(
  recorder: Recorder,
  asked: Asked,
  answer: Answer | Lost,
  isRepeated = false,
): { readonly fate: Fate; readonly result: string | null } {
  const { call } = asked;
  const result = resultFrom(call, answer);
  if (result !== undefined) {
    recorder.answered(asked, result);
    return { fate: 'answered', result };
  }
  const isVoid = answer.kind === 'refused' && answer.outcome === 'not-applied' && !isRepeated;
  if (isVoid) recorder.refused(asked);
  else recorder.lost(asked);
  return { fate: isVoid ? 'refused' : 'lost', result: null };
}

/** Undefined: no result, but a refusal or nothing at all. */
function resultFrom(call: StoreCall, answer: Answer | Lost): string | null | undefined {
  if (answer.kind === 'result') return resultOf(call, answer.status, answer.value);
  if (answer.kind !== 'refused' || call.name === 'get' || !isErrorCode(answer.code)) {
    return undefined;
  }
  const status = STATUS_BY_NAME.get(answer.code);
  const seen = status === undefined ? null : resultOf(call, status, new Uint8Array(0));
  return seen ?? undefined;
}

const STATUS_BY_NAME = new Map<string, number>(Object.entries(STATUS));
