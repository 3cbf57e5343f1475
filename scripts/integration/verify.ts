/**
 * After the storm: every node answers, has what was acknowledged, and is in the same state.
 */
import { Connection } from '../../src/client/connection.ts';
import { type Cluster, until } from './cluster.ts';
import type { Ledger } from './ledger.ts';
import type { Recorder } from './recorder.ts';
import { getOf, record, viewOf } from './requests.ts';
import { demand } from './verdict.ts';

const AT_ONCE = 250;
const TRIES_MAX = 5;
const ANSWER_WITHIN_MS = 10_000;
const AGREE_WITHIN_MS = 15_000;
const COMPLAINTS_MAX = 5;

export interface Written {
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  /** Beyond the ledger's. */
  readonly keys: readonly string[];
}

export async function verify(cluster: Cluster, written: Written): Promise<void> {
  await cluster.untilReady();
  const { ledger, keys } = written;
  const wanted = [...ledger.keys, ...keys];
  const complaints: string[] = [];
  for (const id of cluster.ids) {
    const found = await readAll(cluster, id, { ...written, keys: wanted });
    for (const key of ledger.keys) {
      const complaint = ledger.complain(key, found.get(key) ?? null);
      if (complaint !== null) complaints.push(`at node ${id} ${complaint}`);
    }
  }
  demand(complaints.length === 0, complaints.slice(0, COMPLAINTS_MAX).join('; '));
  await untilAgreed(cluster);
}

/** Values by key, read linearizably at one node; every key is answered, or it is an error. */
export async function readAll(
  cluster: Cluster,
  id: number,
  { recorder, keys }: Omit<Written, 'ledger'>,
): Promise<Map<string, string | null>> {
  const found = new Map<string, string | null>();
  for (let tries = 0; tries < TRIES_MAX && found.size < keys.length; tries++) {
    const connection = await Connection.open(cluster.address(id), ANSWER_WITHIN_MS);
    demand(typeof connection !== 'string', `node ${id} cannot be reached: ${connection}`);
    const read = async (key: string): Promise<void> => {
      const action = getOf(key);
      const asked = recorder.call(`verify-${id}`, key, action.call);
      const answer = record(recorder, asked, await connection.request(viewOf(action)));
      if (answer.fate === 'answered') found.set(key, answer.result);
    };
    const left = keys.filter((key) => !found.has(key));
    for (let at = 0; at < left.length && connection.isOpen; at += AT_ONCE) {
      await Promise.all(left.slice(at, at + AT_ONCE).map(read));
    }
    connection.close();
  }
  demand(found.size === keys.length, `node ${id} does not answer reads`);
  return found;
}

/** All have applied the same, and at the same index the state hash is the same. */
async function untilAgreed(cluster: Cluster): Promise<void> {
  const hashes = new Map<number, string>();
  await until('all nodes have applied the same', AGREE_WITHIN_MS, async () => {
    const groups = (await cluster.healthOf(cluster.ids)).map((health) => health?.groups[0]);
    for (const group of groups) {
      if (group === undefined) return false;
      const known = hashes.get(group.appliedIndex) ?? group.stateHash;
      demand(known === group.stateHash, `state hashes differ at index ${group.appliedIndex}`);
      hashes.set(group.appliedIndex, known);
    }
    return new Set(groups.map((group) => group?.appliedIndex)).size === 1;
  });
}
