/** What a step makes of snapshots and links: taken, installed, sent, lost (thesis §5). */
import { sameMember } from '../../../src/core/members.ts';
import type { RaftEvent } from '../../../src/core/raft/event.ts';
import type { Member } from '../../../src/core/types.ts';
import { violate } from '../online/violate.ts';
import { type Mirror, termOf } from './mirror.ts';
import { type Step, saidTo } from './said.ts';

type Installed = Extract<RaftEvent, { readonly kind: 'snapshot-installed' }>;
type Sent = Extract<RaftEvent, { readonly kind: 'snapshot-sent' }>;

/** Its mark names the entry that it ends with. The log may have been cut behind it by now. */
export function checkTaken({ raft, out }: Step, index: number, before: Mirror): void {
  if (index <= before.snapshotIndex) return;
  const mark = out.records.find(({ kind }) => kind === 'snapshot');
  if (mark?.kind !== 'snapshot' || mark.index !== index) {
    violate('index-order', `a snapshot at ${index} is not marked`);
  }
  const known = termOf(before.log, index);
  if (known !== null && known !== mark.term) violate('log-matching', 'a mark of another term');
  if (raft.snapshotIndex !== index) violate('index-order', `the snapshot at ${index} is forgotten`);
}

export function checkInstalled(step: Step, { meta, from }: Installed, before: Mirror): void {
  const { raft } = step;
  if (meta.index <= before.commitIndex) violate('monotonic', 'a snapshot of the past is installed');
  if (raft.currentTerm !== Math.max(before.term, meta.term)) {
    violate('monotonic', `a snapshot of ${meta.term} leads to term ${raft.currentTerm}`);
  }
  if (raft.commitIndex !== meta.index || raft.appliedIndex !== meta.index) {
    violate('index-order', `a snapshot to ${meta.index}, and ${raft.appliedIndex} is applied`);
  }
  const base = raft.configurations[0]!;
  if (base.index !== meta.index || base.configuration !== meta.configuration) {
    violate('leader-completeness', 'the configuration of a snapshot is not in force');
  }
  const reply = saidTo(step, 'append-reply', from);
  if (reply === null || !reply.accepted) violate('liveness', 'an installed snapshot is not told');
  if (reply.matchIndex !== meta.index) {
    violate('durable-quorum', `a snapshot to ${meta.index} is told as ${reply.matchIndex}`);
  }
}

/** Whatever came of a transfer, its member waits for it no longer. */
export function checkSnapshotSent({ raft, out }: Step, sent: Sent, before: Mirror): void {
  const { member, index } = sent;
  const row = before.rows.find((known) => sameMember(known.member, member));
  if (before.role !== 'leader' || row?.mode !== 'snapshot' || index < row.snapshotIndex) return;
  const progress = raft.leading?.progress.find((known) => sameMember(known.member, member));
  const isWantedAgain = out.snapshotsWanted.some((to) => sameMember(to, member));
  if (progress?.mode !== 'snapshot' || isWantedAgain) return;
  violate('liveness', `node ${member.id} waits for a snapshot that is not on its way`);
}

/** What was under way on a link that is new may be lost. */
export function checkConnected({ raft }: Step, member: Member, before: Mirror): void {
  const row = before.rows.find((known) => sameMember(known.member, member));
  if (before.role !== 'leader' || row === undefined || row.mode === 'snapshot') return;
  const progress = raft.leading?.progress.find((known) => sameMember(known.member, member));
  if (progress?.mode === 'probe') return;
  violate('liveness', `node ${member.id} connects anew, and nobody looks what it holds`);
}
