/**
 * What a range of seeds must have been through: a simulator that never gets into a situation
 * proves nothing about it. Each probe is one situation and one sentence.
 *
 * 1. Probes observe from outside, and change nothing: a run's digest is the same with or without.
 * 2. They are counted by run and added up over `--seeds A..B`; `missedProbes` names those that no
 *    run has hit. A miss fails nothing: it says that the swarm, or the range, is too small.
 * 3. To add one: a line here, and a `sometimes` where the situation shows (the other pages).
 */
type World = 'cluster' | 'swim';

export interface Probe {
  readonly name: string;
  readonly world: World;
  /** What has happened when it is hit. */
  readonly sentence: string;
}

const CLUSTER = {
  // elections and offices
  'election-during-install': 'A leader was elected while a snapshot was on its way to a member.',
  'candidate-again': 'A candidate that won nobody over stood again, in a later term.',
  'pre-vote-in-vain': 'A node asked whether it could win, and was told that it could not.',
  'two-leaders-at-once': 'A leader was elected while an older one still believed in its office.',
  'inherited-uncommitted': 'A new leader began with entries that nobody knew to be committed.',
  'transfer-under-partition': 'A leader handed over to a member that it was cut off from.',
  'transfer-done': 'A leader that was asked to hand over was followed by the one it had named.',
  'groups-led-apart': 'Two groups had different leaders at once.',
  'clock-skew-seen': 'A node found its clock far off, and stood for no office.',
  'vote-lost-unsynced': 'A vote was given and lost with the power before the disk held it.',
  'vote-kept-unsent': 'A vote was on the disk after a crash, and had never been told.',
  // logs
  truncation: 'A member gave up entries of its log for a leader’s.',
  'configuration-truncated': 'A member gave up the entry that brought its configuration.',
  'conflict-over-terms': 'A member gave up entries of several terms at once.',
  'sync-after-truncation': 'A disk reported as durable what had been truncated meanwhile.',
  'crash-between-persist-and-send':
    'A crash took an answer that was never sent; what it tells of was on the disk.',
  'committed-before-own-disk': 'A leader knew an entry committed before its own disk held it.',
  'whole-cluster-down': 'All nodes were down at once.',
  // members
  'joint-leader-crashed': 'A leader crashed in the middle of a change of voters.',
  'leader-voted-out': 'A leader left its office because it votes no more.',
  'learner-promoted': 'A learner became a voter.',
  'store-replaced': 'A new store got the vote of a lost one.',
  // snapshots
  'snapshot-installed': 'A member took its state from a leader’s snapshot.',
  'snapshot-abandoned': 'A snapshot was given up because too much changed between two slices.',
  'snapshot-save-failed': 'The disk did not keep a snapshot that was being taken.',
  'state-lost': 'A node found its snapshot damaged, and asked a leader for its state.',
  'state-rebuilt': 'A member that had lost its state was given another.',
  // disks
  'torn-tail-cut': 'A log was found torn at its end, and cut.',
  'damage-found': 'A log was found damaged in its middle.',
  'damage-repaired': 'A damaged log was made whole with entries of other nodes.',
  'damage-given-up': 'A log was damaged beyond repair, and the store was given up.',
  'fsync-eio': 'A sync failed.',
  enospc: 'A disk had no room for what was written.',
  'disk-failure-stop': 'A node stopped because its disk had failed.',
  'follower-short-of-room': 'A leader heard that others are short of room.',
  'disk-full-refused': 'A client was told DISK_FULL.',
  'log-full': 'A log was so long that writers were slowed down.',
  // clients
  'session-retry-over-failover':
    'A retry under a session was answered by a leader that took office after the first attempt.',
  'session-retry-over-restore':
    'A retry was answered from a table that had come out of a snapshot since the first attempt.',
  'session-lost': 'A session was unknown to the store.',
  'quota-refused': 'A client was told QUOTA_EXCEEDED.',
  'quota-recovered': 'A write that grows was accepted after the quota had refused one.',
  'expiry-over-failover': 'A deadline set under one leader passed under another.',
  'read-refused-cut-off': 'A leader that had lost touch with a quorum refused its reads.',
  'read-over-leader-change': 'A leader heard of a later term while reads waited for confirmation.',
  'forward-lost':
    'Requests were passed on to a leader that was gone, or silent, before it answered.',
  'request-parked': 'A request waited for somebody to lead.',
  'slow-reader-closed': 'A client that took no replies was closed.',
  'reader-evicted': 'A client was closed because too much was owed to all of them together.',
  'answer-short': 'A turn had no room for a value that it should have answered with.',
  'settings-changed': 'Settings that were in force were replaced.',
  // the network, and who is up
  'append-repeated': 'A frame between nodes was delivered twice.',
  'core-served': 'A part of the nodes agreed and served while the others were lost for good.',
  'swim-refutation': 'A node refuted that it was suspected.',
} as const;

const SWIM = {
  'suspicion-refuted': 'A member refuted that it was suspected.',
  'death-declared': 'A member was declared dead.',
  'accused-returned': 'A member that was suspected or dead was seen alive again.',
  'tombstone-forgotten': 'The record of a member that is gone was given up.',
} as const;

export type ClusterProbe = keyof typeof CLUSTER;
export type SwimProbe = keyof typeof SWIM;

const of = (world: World, sentences: Readonly<Record<string, string>>): Probe[] =>
  Object.entries(sentences).map(([name, sentence]) => ({ name, world, sentence }));

export const PROBES: readonly Probe[] = [...of('cluster', CLUSTER), ...of('swim', SWIM)];
