/**
 * From a directory to an identity, and from one cluster id to none other.
 *
 *   list ─▶ no file, no data ─▶ draft ─▶ sync ─▶ rename ─▶ sync directory ─▶ identity
 *        └▶ file ─▶ read ─▶ (bad: read past the cache) ─▶ sync, sync directory ─▶ identity
 *
 * 1. A directory is formatted once. Data without an identity is not ours to format.
 * 2. The file is replaced as a whole: a crash leaves the old one or the new one.
 * 3. What was read may be unsynced, left by a process that died; it is synced before it counts.
 * 4. A cluster id is adopted once; another one later is refused, whoever asks.
 * 5. A store that is given up changes its name first, in one step: every file of the log names the
 *    old store, so none of them is read as the new one's, wherever a crash cuts in.
 */
import { assert } from '../../base/assert.ts';
import type { ErrorCode } from '../../base/errors.ts';
import type { ClusterId, StoreId } from '../../base/units.ts';
import type { DiskCompletion, DiskFile, DiskOperation } from '../disk.ts';
import { decodeIdentity, encodeIdentity, IDENTITY_BYTES } from './format.ts';
import type { Identity, IdentityOut, IdentityState } from './state.ts';
import { IDENTITY_DRAFT, IDENTITY_FILE } from './state.ts';

export function openIdentity(
  state: IdentityState,
  storeWords: readonly number[],
  out: IdentityOut,
): void {
  assert(state.phase === 'closed', 'internal', 'an identity is opened once');
  assert(storeWords.length === 4, 'internal', 'a store id takes four words');
  state.phase = 'opening';
  state.storeWords = storeWords;
  submit(state, { kind: 'list' }, out);
}

function submit(state: IdentityState, operation: DiskOperation, out: IdentityOut): void {
  state.pending = { ticket: state.nextDiskTicket++, operation };
  out.submissions.push(state.pending);
}

function fail(state: IdentityState, code: ErrorCode, detail: string, out: IdentityOut): void {
  state.phase = 'failed';
  state.failure = { code, detail };
  state.plan.length = 0;
  out.failed = state.failure;
}

export function onCompletion(
  state: IdentityState,
  completion: DiskCompletion,
  out: IdentityOut,
): void {
  const { pending } = state;
  if (pending === null || completion.ticket !== pending.ticket) return;
  state.pending = null;
  const { kind } = pending.operation;
  if (completion.code !== 'OK') {
    fail(state, 'DISK_FAILED', `${completion.code} in ${kind} of the identity file`, out);
  } else if (kind === 'list') onListed(state, completion.files, out);
  else if (kind === 'read') onRead(state, completion.bytes, out);
  else runPlan(state, out);
}

function onListed(state: IdentityState, files: readonly DiskFile[], out: IdentityOut): void {
  if (files.some(({ name }) => name === IDENTITY_FILE)) {
    readFile(state, out);
    return;
  }
  const { dataPrefixes, nodeId } = state.config;
  const isData = ({ name }: DiskFile): boolean =>
    dataPrefixes.some((prefix) => name.startsWith(prefix));
  if (files.some(isData)) {
    fail(state, 'DATA_DIR_FOREIGN', 'there is data, but no identity file', out);
    return;
  }
  replaceFile(state, { nodeId, storeId: storeIdOf(state.storeWords), clusterId: null }, out);
}

function storeIdOf(words: readonly number[]): StoreId {
  let text = '';
  for (const word of words) text += (word >>> 0).toString(16).padStart(8, '0');
  return text as StoreId;
}

function readFile(state: IdentityState, out: IdentityOut): void {
  const file = IDENTITY_FILE;
  // One byte more than it has: a longer file is not ours.
  const length = IDENTITY_BYTES + 1;
  submit(state, { kind: 'read', file, offset: 0, length, fresh: state.isReadAgain }, out);
}

function onRead(state: IdentityState, bytes: Uint8Array, out: IdentityOut): void {
  const reading = decodeIdentity(bytes);
  if (reading.kind === 'newer') {
    fail(state, 'DATA_DIR_TOO_NEW', `identity of version ${reading.version}`, out);
  } else if (reading.kind === 'damaged') {
    if (state.isReadAgain) {
      fail(state, 'DATA_DIR_FOREIGN', 'the identity file cannot be read', out);
      return;
    }
    state.isReadAgain = true;
    readFile(state, out);
  } else if (reading.identity.nodeId !== state.config.nodeId) {
    const { nodeId } = reading.identity;
    fail(state, 'DATA_DIR_FOREIGN', `the data is that of node ${nodeId}`, out);
  } else {
    state.draft = reading.identity;
    state.plan.push({ kind: 'sync', file: IDENTITY_FILE }, { kind: 'sync-directory' });
    runPlan(state, out);
  }
}

function replaceFile(state: IdentityState, draft: Identity, out: IdentityOut): void {
  const file = IDENTITY_DRAFT;
  state.draft = draft;
  state.plan.push(
    { kind: 'create', file, bytes: IDENTITY_BYTES },
    { kind: 'write', file, offset: 0, parts: [encodeIdentity(draft)], sync: true },
    { kind: 'rename', source: file, target: IDENTITY_FILE },
    { kind: 'sync-directory' },
  );
  runPlan(state, out);
}

/** Takes the next step; after the last one the draft is the identity. */
function runPlan(state: IdentityState, out: IdentityOut): void {
  const operation = state.plan.shift();
  if (operation !== undefined) {
    submit(state, operation, out);
    return;
  }
  state.phase = 'open';
  state.identity = state.draft;
  state.draft = null;
  out.identity = state.identity;
}

export function adopt(state: IdentityState, clusterId: ClusterId, out: IdentityOut): void {
  if (state.phase === 'failed') {
    out.failed = state.failure;
    return;
  }
  const { identity } = state;
  assert(identity !== null, 'effect-order', 'adopt before the identity is known');
  const known = state.draft?.clusterId ?? identity.clusterId;
  if (known !== null && known !== clusterId) {
    out.refused = { code: 'WRONG_CLUSTER', detail: `this store belongs to cluster ${known}` };
  } else if (known === null) {
    replaceFile(state, { ...identity, clusterId }, out);
  } else if (state.draft === null) {
    out.identity = identity;
  }
}

export function reformat(
  state: IdentityState,
  storeWords: readonly number[],
  out: IdentityOut,
): void {
  if (state.phase === 'failed') {
    out.failed = state.failure;
    return;
  }
  const { identity } = state;
  assert(identity !== null && state.draft === null, 'effect-order', 'nothing to give up yet');
  assert(storeWords.length === 4, 'internal', 'a store id takes four words');
  const storeId = storeIdOf(storeWords);
  assert(storeId !== identity.storeId, 'internal', 'a new store with the old name');
  state.identity = null;
  replaceFile(state, { nodeId: identity.nodeId, storeId, clusterId: null }, out);
}
