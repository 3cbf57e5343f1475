/**
 * /api/v1/config: the cluster's settings, and the one thing that HTTP may change.
 *
 * 1. GET answers the settings in force here.
 * 2. POST {"quota": bytes, "durability": "…"}, either or both, proposes a change at the leader and
 *    answers when it is in force there: 400 BAD_SETTING, 503 where this node does not lead (the
 *    leader's id is in the answer), 504 UNCERTAIN when it was proposed and did not come in time.
 * 3. No web page may do that: a POST must carry our own header, which no form can, no Origin, and a
 *    Host that is an address, localhost or a name of the cluster, so that no name of somebody else's
 *    leads here (DNS rebinding).
 */
import type { IncomingMessage } from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, type Failure, failure } from '../base/errors.ts';
import { NOBODY } from '../base/units.ts';
import { encodeCommand } from '../core/command.ts';
import { isFormed } from '../core/raft/configurations.ts';
import {
  checkChanges,
  DURABILITIES,
  encodeChanges,
  type SettingChange,
  settingValue,
} from '../core/settings.ts';
import { type Durability, OPERATION, type Settings } from '../core/types.ts';
import type { AdminRequest } from '../node/contract.ts';
import { type Group, isLeading } from '../node/group.ts';
import type { NodeState } from '../node/state.ts';

export const CONFIG_HEADER = 'x-apex-kv';
const BODY_BYTES_MAX = 4096;
const LOOK_EVERY_MS = 10;

export interface ConfigDoor {
  readonly node: NodeState;
  readonly ask: (request: AdminRequest) => void;
}

export interface ConfigAnswer {
  readonly status: number;
  readonly body: object;
}

export async function answerConfig(
  door: ConfigDoor,
  request: IncomingMessage,
): Promise<ConfigAnswer> {
  if (request.method !== 'POST') return inForce(door.node);
  if (!isAllowed(door.node, request)) {
    return refusal(403, 'HTTP_FORBIDDEN', 'this request might come from a web page');
  }
  const changes = readChanges(await bodyOf(request));
  if ('code' in changes) return refusal(400, changes.code, changes.detail);
  return change(door, changes);
}

function inForce(node: NodeState): ConfigAnswer {
  const settings = node.groups[0]?.store.settings ?? null;
  if (settings === null) return refusal(503, 'UNAVAILABLE', 'this node has no settings yet');
  return { status: 200, body: wordsOf(settings) };
}

const wordsOf = ({ quotaBytes, durability, groupCount, ...rest }: Settings): object => ({
  quota: quotaBytes,
  durability,
  groups: groupCount,
  sessionsMax: rest.sessionsMax,
  sessionIdleMs: rest.sessionIdleMs,
  sessionResultBytesMax: rest.sessionResultBytesMax,
  featureLevel: rest.featureLevel,
});

function refusal(status: number, code: ErrorCode, detail: string): ConfigAnswer {
  return { status, body: { code, detail } };
}

function isAllowed({ config }: NodeState, { headers }: IncomingMessage): boolean {
  if (headers[CONFIG_HEADER] === undefined || headers.origin !== undefined) return false;
  const host = URL.parse(`http://${headers.host}`)?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const names = [...config.addresses.values()].map((address) => address.replace(/:\d+$/, ''));
  return host === 'localhost' || net.isIP(host) !== 0 || names.includes(host);
}

/** Null: too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > BODY_BYTES_MAX) return null;
  }
  return body;
}

function readChanges(body: string | null): readonly SettingChange[] | Failure {
  const wanted = parsed(body);
  if (wanted === null) return failure('BAD_SETTING', 'the body is not an object of settings');
  const changes: SettingChange[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    const change = changeOf(name, value);
    if (change === null) return failure('BAD_SETTING', `${name}: ${JSON.stringify(value)}`);
    changes.push(change);
  }
  return changes.length > 0 ? changes : failure('BAD_SETTING', 'no setting is named');
}

function parsed(body: string | null): object | null {
  try {
    const value: unknown = JSON.parse(body ?? '');
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function changeOf(name: string, value: unknown): SettingChange | null {
  if (name === 'quota' && typeof value === 'number') return { name: 'quotaBytes', value };
  const place = DURABILITIES.indexOf(value as Durability);
  return name === 'durability' && place >= 0 ? { name, value: place } : null;
}

async function change(door: ConfigDoor, changes: readonly SettingChange[]): Promise<ConfigAnswer> {
  const { node, ask } = door;
  const group = node.groups[0];
  const settings = group?.store.settings ?? null;
  if (group === undefined || settings === null || !isLeading(group)) return elsewhere(group);
  if (!isFormed(group.raft)) return refusal(503, 'STORES_MISSING', 'not every founder is there');
  const problem = checkChanges(settings, changes);
  if (problem !== null) return refusal(400, problem.code, problem.detail);
  const value = encodeChanges(changes);
  const command = encodeCommand({ operation: OPERATION.SETTINGS, key: new Uint8Array(0), value });
  ask({ kind: 'propose', group: group.id, commands: [command] });
  const giveUpAt = performance.now() + node.config.requestTimeoutMs;
  while (!isInForce(group, changes)) {
    if (performance.now() > giveUpAt) {
      return refusal(504, 'UNCERTAIN', 'the change was proposed, and is not in force yet');
    }
    await sleep(LOOK_EVERY_MS);
  }
  return inForce(node);
}

function elsewhere(group: Group | undefined): ConfigAnswer {
  const leader = group === undefined || group.raft.leader === NOBODY ? null : group.raft.leader;
  const detail = leader === null ? 'nobody leads' : `node ${leader} leads`;
  return { status: 503, body: { code: 'UNAVAILABLE', detail, leader } };
}

function isInForce({ store }: Group, changes: readonly SettingChange[]): boolean {
  const { settings } = store;
  return (
    settings !== null && changes.every((each) => settingValue(settings, each.name) === each.value)
  );
}
