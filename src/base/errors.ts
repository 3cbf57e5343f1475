/**
 * The one table of errors: what a peer, a user or the machine does wrong has a code here.
 *
 * 1. A code is a promise to scripts and clients: it is never renamed and never changes its outcome.
 * 2. `outcome` says what became of the command that was answered so: certainly not applied (a retry
 *    is safe), unknown (a blind retry may apply it twice), or applied. Where there was no command,
 *    nothing was applied.
 * 3. `exit` is the status with which the `kv` command ends on it.
 * 4. docs/errors.md has the same table for people; a test keeps the two equal.
 *
 * Our own bugs are not here: they are assertions (assert.ts).
 */

/** How a process of ours ends; more than 128 means by that signal. */
export const EXIT = {
  OK: 0,
  ERROR: 1,
  USAGE: 2,
  NOT_FOUND: 3,
  PRECONDITION_FAILED: 4,
  UNAVAILABLE: 5,
  OUTCOME_UNKNOWN: 6,
  NOT_AUTHORISED: 7,
  OVERLOADED: 8,
  CLUSTER_UNHEALTHY: 9,
  VIOLATION_FOUND: 10,
} as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

export type Outcome = 'not-applied' | 'unknown' | 'applied';

export interface ErrorRow {
  readonly outcome: Outcome;
  readonly exit: ExitStatus;
  /** What it means and why it happens. */
  readonly meaning: string;
  /** What the reader can do about it. */
  readonly remedy: string;
}

/** What went wrong: a stable code for programs and a sentence for people. */
export interface Failure {
  readonly code: ErrorCode;
  readonly detail: string;
}

const notApplied = (exit: ExitStatus, meaning: string, remedy: string): ErrorRow => ({
  outcome: 'not-applied',
  exit,
  meaning,
  remedy,
});

const unknown = (exit: ExitStatus, meaning: string, remedy: string): ErrorRow => ({
  outcome: 'unknown',
  exit,
  meaning,
  remedy,
});

const applied = (exit: ExitStatus, meaning: string, remedy: string): ErrorRow => ({
  outcome: 'applied',
  exit,
  meaning,
  remedy,
});

/** Where a request finds no one to serve it, or its answer is lost. */
const AVAILABILITY = {
  NOT_LEADER: notApplied(
    EXIT.UNAVAILABLE,
    'This node does not lead the group and was asked not to forward.',
    'Follow the redirect, or let the node forward.',
  ),
  NO_LEADER: notApplied(
    EXIT.UNAVAILABLE,
    'The group has no leader that this node knows of: an election is under way or a quorum is gone.',
    'Retry after a pause; if it stays, see how many nodes are up with `kv status`.',
  ),
  QUORUM_LOST: notApplied(
    EXIT.UNAVAILABLE,
    'A quorum of the stores that hold the data is gone, so nothing is served and nothing forgotten.',
    'Start one of the missing stores that it names on the directory it had; no tool invents the rest.',
  ),
  UNAVAILABLE: notApplied(
    EXIT.UNAVAILABLE,
    'The node does not serve now: it is starting, joining, draining or stopping.',
    'Ask another node, or retry when `/readyz` answers 200.',
  ),
  UNCERTAIN: unknown(
    EXIT.OUTCOME_UNKNOWN,
    'The request was on its way when its leader, its connection or its time was lost.',
    'Read before you repeat it; a retry within a session is applied at most once.',
  ),
  OVERLOADED: notApplied(
    EXIT.OVERLOADED,
    'A queue on the way is full.',
    'Retry after the hinted pause and keep fewer requests in flight.',
  ),
  CLOCK_SKEW: notApplied(
    EXIT.CLUSTER_UNHEALTHY,
    "This node's clock is far from the median of the voters' clocks, so it does not campaign.",
    'Repair time synchronisation on the machine; the node recovers by itself.',
  ),
  STATE_DIVERGED: notApplied(
    EXIT.CLUSTER_UNHEALTHY,
    'Replicas differ at the same index: this one is in the minority and rebuilds itself, or there is no majority.',
    'Ask another node; if all answer so, keep all data directories and compare the nodes at the index named.',
  ),
} as const;

/** Where a request itself is at fault, or meets a limit. */
const REQUESTS = {
  NOT_FOUND: notApplied(EXIT.NOT_FOUND, 'The key does not exist.', 'None is needed.'),
  CONDITION_FAILED: notApplied(
    EXIT.PRECONDITION_FAILED,
    'The value that was expected is not the current one, or the key exists, or it does not.',
    'Read the current value, decide again, and repeat.',
  ),
  NOT_AN_INTEGER: notApplied(
    EXIT.ERROR,
    'The value, or the amount to add, is not a decimal 64-bit integer.',
    'Put an integer there first.',
  ),
  OUT_OF_RANGE: notApplied(
    EXIT.ERROR,
    'The result would not fit a signed 64-bit integer, or a number in the request is out of range.',
    'Use a smaller number.',
  ),
  KEY_TOO_LARGE: notApplied(
    EXIT.ERROR,
    'The key is longer than 64 KiB.',
    'Use a shorter key: a hash of the long one, for example.',
  ),
  VALUE_TOO_LARGE: notApplied(
    EXIT.ERROR,
    'The value is, or would become, longer than 8 MiB.',
    'Split it over several keys.',
  ),
  CROSSSLOT: notApplied(
    EXIT.ERROR,
    'The keys of one command belong to different groups.',
    'Give them a common part in braces, `{user1}.name`, or send one command for each.',
  ),
  MALFORMED: notApplied(
    EXIT.ERROR,
    'The arguments of a known command make no sense to this version.',
    "Check them against the command's page; upgrade whichever side is older.",
  ),
  BAD_FRAME: notApplied(
    EXIT.ERROR,
    'The bytes on the connection are not a frame: wrong magic, or a length beyond the limit.',
    'Check that the client speaks this protocol; the connection is closed.',
  ),
  UNKNOWN_COMMAND: notApplied(
    EXIT.ERROR,
    'The command does not exist in this version.',
    'Check its spelling and the version of the server.',
  ),
  QUOTA_EXCEEDED: notApplied(
    EXIT.OVERLOADED,
    'The command would raise the logical bytes of the group past its quota.',
    'Delete keys, let them expire, or raise the quota with `kv config set quota`.',
  ),
  DISK_FULL: notApplied(
    EXIT.OVERLOADED,
    'The leader, or so many others that no quorum is left, are short of room on their disks.',
    'Free or add disk space on the nodes that `kv status` names; deletes still work.',
  ),
  BAD_SETTING: notApplied(
    EXIT.USAGE,
    'A setting does not exist, cannot be changed after formation, or has a value out of range.',
    'See `kv config get` for the settings and their values.',
  ),
} as const;

/** Exactly-once sessions. */
const SESSIONS = {
  SESSION_EXPIRED: unknown(
    EXIT.OUTCOME_UNKNOWN,
    'The session is not known, or has ended; an earlier try may have been applied.',
    'Open a new session; read before you repeat what was in flight.',
  ),
  SEQUENCE_BELOW_FLOOR: unknown(
    EXIT.OUTCOME_UNKNOWN,
    'The client has declared this sequence acknowledged; it is never applied again.',
    'Do not reuse sequences; take the answer that came first.',
  ),
  SEQUENCE_BEYOND_WINDOW: notApplied(
    EXIT.ERROR,
    'More than 1,024 sequences of the session would be in flight.',
    'Wait for answers, and raise the lowest unacknowledged sequence.',
  ),
  SESSIONS_FULL: notApplied(
    EXIT.OVERLOADED,
    'The group holds as many sessions as its settings allow and none may be evicted.',
    'Close sessions that are not used, or share one between requests.',
  ),
  APPLIED_RESULT_DROPPED: applied(
    EXIT.ERROR,
    'It was applied, now or by an earlier try, but its result was too large to keep or to pass on.',
    'Read the key; do not repeat the command.',
  ),
} as const;

/** Who belongs to the cluster, and how one is formed. */
const MEMBERSHIP = {
  NOT_A_MEMBER: notApplied(
    EXIT.ERROR,
    "The node's id is not in the cluster's configuration.",
    'Add it to the configuration first, or correct `--id`; `--peers` does not make members.',
  ),
  WRONG_CLUSTER: notApplied(
    EXIT.ERROR,
    'The peer belongs to another cluster; a store belongs to one for life.',
    'Correct the addresses in `--peers`, or start the node on an empty directory.',
  ),
  WRONG_VERSION: notApplied(
    EXIT.ERROR,
    'The two sides have no protocol version in common.',
    'Upgrade the older side, one release at a time.',
  ),
  STORE_IN_USE: notApplied(
    EXIT.ERROR,
    'A node with this id but another store was heard from lately, so it cannot be replaced.',
    'Stop the old node for good, or give the new one an id of its own.',
  ),
  FORMATION_LISTS_DIFFER: notApplied(
    EXIT.USAGE,
    'The empty nodes were not all started with the same set of ids in `--peers`.',
    'Start every node with the same list, each leaving itself out or not.',
  ),
  FORMATION_INCOMPLETE: notApplied(
    EXIT.UNAVAILABLE,
    'A new cluster forms only when every peer of the list answers; some have not.',
    'Start the nodes that it names, and check that their addresses can be reached.',
  ),
  FORMATION_REFUSED: notApplied(
    EXIT.ERROR,
    'A peer of the list is not empty and knows nothing of this node.',
    'To join its cluster, add this node to the configuration; to form a new one, use empty nodes.',
  ),
  STORES_MISSING: notApplied(
    EXIT.UNAVAILABLE,
    'The cluster was formed, but not every founding store holds its first entry yet.',
    'Start the founding nodes on the directories they had; commands are taken once all have it.',
  ),
} as const;

/** What keeps a node from starting, or stops it. */
const NODES = {
  BAD_FLAG: notApplied(
    EXIT.USAGE,
    'A flag is unknown, or its value is.',
    'See `kv serve --help`; the message suggests the nearest name.',
  ),
  PORT_TAKEN: notApplied(
    EXIT.ERROR,
    'Another process listens on one of the ports: P, P + 1000 (gossip) or P + 2000 (HTTP).',
    'Stop that process, or choose another `--port`.',
  ),
  DATA_DIR_LOCKED: notApplied(
    EXIT.ERROR,
    'Another process uses the data directory.',
    'Stop it first; two nodes need two ids or two `--wal-dir`.',
  ),
  DATA_DIR_FOREIGN: notApplied(
    EXIT.ERROR,
    'The directory holds files that are not ours, or the data of another node id.',
    'Point `--wal-dir` at the right directory; nothing was changed in this one.',
  ),
  DATA_DIR_UNWRITABLE: notApplied(
    EXIT.ERROR,
    'The data directory cannot be created or written.',
    'Check owner, permissions and whether the file system is mounted read-only.',
  ),
  DATA_DIR_TOO_NEW: notApplied(
    EXIT.ERROR,
    'The data was written by a later version in a format that this one does not know.',
    'Run the version that wrote it, or a later one.',
  ),
  WAL_DAMAGED: notApplied(
    EXIT.CLUSTER_UNHEALTHY,
    'A part of the log that had been synced cannot be read back, and no peer could supply or replace it.',
    'Start the nodes that are down and then this one again; empty its directory only if the others serve.',
  ),
  SNAPSHOT_DAMAGED: notApplied(
    EXIT.CLUSTER_UNHEALTHY,
    'A snapshot does not have the hash that it was written with.',
    'A node with peers gets another from the leader by itself; a node alone needs a copy of its directory.',
  ),
  DISK_FAILED: unknown(
    EXIT.ERROR,
    'The disk reported an I/O error or a failed sync; what it holds is not known, so the node stops.',
    'Test or replace the disk, then restart the node; it catches up from its peers.',
  ),
  HELPER_DOWN: notApplied(
    EXIT.ERROR,
    'A listener could not be kept open, or a thread of the native helper ended or did not start; the node handed over and stopped.',
    'See what the log says at `helper.failed`: another process on the port, too few descriptors or threads; restart.',
  ),
  HTTP_FORBIDDEN: notApplied(
    EXIT.NOT_AUTHORISED,
    'A change over HTTP came without our header, with an Origin, or for a Host that is not ours.',
    'Use `kv config set`; web pages cannot change anything.',
  ),
  SETTING_IGNORED: notApplied(
    EXIT.OK,
    "A flag differs from the cluster's replicated setting, which is obeyed instead.",
    'Change the setting with `kv config set`, or drop the flag.',
  ),
} as const;

/** What tools find. */
const TOOLS = {
  CLUSTER_UNHEALTHY: notApplied(
    EXIT.CLUSTER_UNHEALTHY,
    'A health check found a node or a group that does not make progress.',
    'Read what it names; `/readyz?verbose` on that node says more.',
  ),
  VIOLATION_FOUND: notApplied(
    EXIT.VIOLATION_FOUND,
    'A simulation or a verification found a broken promise.',
    'Keep the seed or the history that it prints: it shows the same again.',
  ),
} as const;

export const ERRORS = {
  ...AVAILABILITY,
  ...REQUESTS,
  ...SESSIONS,
  ...MEMBERSHIP,
  ...NODES,
  ...TOOLS,
} as const;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

export function errorRow(code: ErrorCode): ErrorRow {
  return ERRORS[code];
}

export function failure(code: ErrorCode, detail: string): Failure {
  return { code, detail };
}
