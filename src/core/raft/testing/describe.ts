/** What happens in a cluster, in words: the lines of a transcript. */
import { unreachable } from '../../../base/assert.ts';
import { ENTRY_KIND, entryIndex, entryKind, entryTerm } from '../../entry.ts';
import { isJoint } from '../../members.ts';
import type { Configuration, Member, WalRecord } from '../../types.ts';
import { configurationOf } from '../configurations.ts';
import type { Append, AppendReply } from '../message.ts';
import type { RaftOut } from '../out.ts';
import { currentConfiguration } from '../state.ts';
import type { Before, Read } from './cluster.ts';
import { textOf } from './fixture.ts';
import type { Machine } from './machine.ts';
import type { Parcel } from './network.ts';

/** A member is its id; a second store of a node shows as 3′. */
export function describeMember({ id, store }: Member): string {
  const lives = Number.parseInt(store.slice(2, 4), 16);
  return `${id}${'′'.repeat(lives - 1)}`;
}

const list = (members: readonly Member[]): string =>
  members.map(describeMember).join(' ') || 'none';

export function describeConfiguration(configuration: Configuration): string {
  const { voters, outgoing, learners } = configuration;
  const before = isJoint(configuration) ? `, outgoing ${list(outgoing)}` : '';
  const beside = learners.length > 0 ? `, learners ${list(learners)}` : '';
  return `voters ${list(voters)}${before}${beside}`;
}

export function describeEntry(entry: Uint8Array): string {
  const place = `${entryIndex(entry)}@${entryTerm(entry)}`;
  const text = textOf(entry);
  if (text !== '') return `${place} ${text}`;
  if (entryKind(entry) === ENTRY_KIND.COMMANDS) return place;
  return `${place} {${describeConfiguration(configurationOf(entry)!)}}`;
}

function describeRecord(record: WalRecord): string {
  switch (record.kind) {
    case 'entry':
      return describeEntry(record.bytes);
    case 'truncate':
      return `nothing from ${record.from} on`;
    case 'hard-state': {
      const { term, votedFor } = record.hardState;
      return votedFor === null ? `term ${term}` : `term ${term} with a vote for ${votedFor.id}`;
    }
    case 'snapshot':
      return `snapshot ${record.index}@${record.term}`;
    default:
      return unreachable(record);
  }
}

export function describeParcel(parcel: Parcel): string {
  return `${describeMember(parcel.from)} → ${describeMember(parcel.to)}  ${contentOf(parcel)}`;
}

function contentOf(parcel: Parcel): string {
  switch (parcel.type) {
    case 'pre-vote':
      return `pre-vote for ${parcel.askedTerm}, log ${parcel.lastIndex}@${parcel.lastTerm}`;
    case 'pre-vote-reply':
      return `pre-vote for ${parcel.askedTerm} ${grant(parcel.granted)} in ${parcel.term}`;
    case 'vote': {
      const transfer = parcel.isTransfer ? ', handed over' : '';
      return `vote for ${parcel.term}, log ${parcel.lastIndex}@${parcel.lastTerm}${transfer}`;
    }
    case 'vote-reply':
      return `vote for ${parcel.term} ${grant(parcel.granted)}`;
    case 'append':
      return appendText(parcel);
    case 'append-reply':
      return replyText(parcel);
    case 'timeout-now':
      return `campaign now, in ${parcel.term}`;
    case 'snapshot':
      return `snapshot ${parcel.snapshot.meta.index}@${parcel.snapshot.meta.term}`;
    case 'snapshot-answer':
      return `snapshot ${parcel.index} is ${parcel.isInstalled ? 'here' : 'refused'}`;
    default:
      return unreachable(parcel);
  }
}

const grant = (granted: boolean): string => (granted ? 'granted' : 'denied');

function appendText(append: Append): string {
  const { previousIndex, previousTerm, commitIndex, round, entries } = append;
  const what = entries.length === 0 ? 'heartbeat' : `[${entries.map(describeEntry).join(', ')}]`;
  const read = round > 0 ? `, round ${round}` : '';
  const after = `behind ${previousIndex}@${previousTerm}`;
  return `${what} ${after}, commit ${commitIndex}${read}, term ${append.term}`;
}

function replyText(reply: AppendReply): string {
  const read = reply.round > 0 ? `, round ${reply.round}` : '';
  const { rejectedIndex, hintIndex, hintTerm, matchIndex, term } = reply;
  if (reply.accepted) return `holds through ${matchIndex}${read}, term ${term}`;
  return `rejects ${rejectedIndex}, try ${hintIndex}@${hintTerm}${read}, term ${term}`;
}

/** What one step did, one line each. */
export function describeStep(machine: Machine, out: RaftOut, before: Before): string[] {
  const state = machine.state!;
  const lines: string[] = [];
  if (state.role !== before.role || state.currentTerm !== before.term) {
    lines.push(`${state.role} in term ${state.currentTerm}`);
  }
  if (out.records.length > 0) {
    lines.push(`writes #${out.ticket}: ${out.records.map(describeRecord).join('; ')}`);
  }
  for (const { ticket, message } of out.sendAfter) {
    lines.push(`keeps until #${ticket}: ${describeParcel(message)}`);
  }
  if (state.commitIndex > before.commit) lines.push(`commits through ${state.commitIndex}`);
  if (state.appliedIndex > before.applied) lines.push(`applies through ${state.appliedIndex}`);
  for (const { id, index } of out.readsSafe) lines.push(`read ${id} is safe at ${index}`);
  for (const id of out.readsRefused) lines.push(`read ${id} is refused`);
  for (const to of out.snapshotsWanted) lines.push(`wants a snapshot for ${describeMember(to)}`);
  return lines.map((line) => `  ${describeMember(machine.member)}: ${line}`);
}

export function describeMachine({ member, state, disk, applied }: Machine): string {
  const name = describeMember(member);
  if (state === null) return `${name} is down; on disk ${disk.hardState.term}: ${diskText(disk)}`;
  const { role, currentTerm, votedFor, leader, commitIndex, log } = state;
  const vote = votedFor === null ? '-' : describeMember(votedFor);
  const terms = log.entries.map((entry) => entryTerm(entry)).join(' ');
  const texts = applied.map(({ text }) => text || '·').join(' ');
  return [
    `${name} ${role}, term ${currentTerm}, vote ${vote}, leader ${leader || '-'}`,
    `commit ${commitIndex}, log ${log.baseIndex}@${log.baseTerm} | ${terms}`,
    `applied ${texts}`,
  ].join('; ');
}

function diskText({ snapshot, entries }: Machine['disk']): string {
  const { index, term } = snapshot.meta;
  return `${index}@${term} | ${entries.map(entryTerm).join(' ')}`;
}

export function describeRead(id: number, { status, index }: Read): string {
  return status === 'answered' ? `read ${id}: answered at ${index}` : `read ${id}: ${status}`;
}

export const describeSeats = (machine: Machine): string =>
  machine.state === null ? 'down' : describeConfiguration(currentConfiguration(machine.state));
