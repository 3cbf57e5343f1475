/**
 * Exactly-once, judged from what one replica applied and what clients were told.
 *
 * Outcomes are given in the order of the log: one for every command that went through apply, those
 * that a session's table answered included. Checked, for each session of each group:
 *
 * 1. A (session, sequence) has one effect: its first outcome that is not a refusal. Every later
 *    outcome repeats it, revision and value included, or says that the result was dropped.
 * 2. Below the highest floor seen nothing is applied, and nothing is refused as below it that is
 *    not. Above the floor's window nothing is applied either.
 * 3. A session begins with the command whose revision is its id, and ends once: after its close,
 *    whatever the sequence of that, or the first outcome that calls it expired, nothing of it is
 *    applied again.
 * 4. What a client was told is the effect in the log, and an effect that a client was told is in
 *    the log.
 *
 * A refusal for lack of room is no effect: the same sequence may be applied later.
 */
import { InvariantViolation } from '../../src/base/assert.ts';
import { OPERATION, SESSION_WINDOW, STATUS } from '../../src/core/types.ts';

export interface SessionOutcome {
  readonly group: number;
  /** OPERATION of the command. */
  readonly operation: number;
  /** For OPEN_SESSION: 0. */
  readonly session: number;
  readonly sequence: number;
  readonly lowestUnacknowledged: number;
  readonly status: number;
  readonly revision: number;
  /** The result's bytes as any one-to-one text; null: none. */
  readonly value: string | null;
}

/** What a client was told; its own floor is of no interest. */
export type SessionAnswer = Omit<SessionOutcome, 'lowestUnacknowledged'>;

interface Effect {
  readonly status: number;
  readonly revision: number;
  readonly value: string | null;
}

interface Session {
  floor: number;
  hasEnded: boolean;
  readonly effects: Map<number, Effect>;
}

/** Of no effect, and the same command may have one later. */
const REFUSALS: ReadonlySet<number> = new Set([
  STATUS.QUOTA_EXCEEDED,
  STATUS.SEQUENCE_BEYOND_WINDOW,
  STATUS.SESSIONS_FULL,
]);

/** Throws InvariantViolation('sessions') at the first fault. */
export function checkSessions(
  outcomes: readonly SessionOutcome[],
  answers: readonly SessionAnswer[],
): void {
  const sessions = new Map<string, Session>();
  for (const outcome of outcomes) {
    if (outcome.operation === OPERATION.OPEN_SESSION) open(sessions, outcome);
    else if (outcome.session !== 0) follow(sessions, outcome);
  }
  for (const answer of answers) compareAnswer(sessions, answer);
}

const nameOf = (group: number, session: number): string => `${group}/${session}`;

function open(sessions: Map<string, Session>, outcome: SessionOutcome): void {
  if (isRefusal(outcome.status)) return;
  const name = nameOf(outcome.group, outcome.revision);
  expect(!sessions.has(name), 'a session is opened twice', outcome);
  sessions.set(name, { floor: 0, hasEnded: false, effects: new Map() });
}

const isRefusal = (status: number): boolean => REFUSALS.has(status);

function follow(sessions: Map<string, Session>, outcome: SessionOutcome): void {
  const session = sessions.get(nameOf(outcome.group, outcome.session));
  if (outcome.status === STATUS.SESSION_EXPIRED) {
    if (session !== undefined) session.hasEnded = true;
    return;
  }
  if (session === undefined) fail('applied for a session that was never opened', outcome);
  expect(!session.hasEnded, 'applied for a session that has ended', outcome);
  if (outcome.operation === OPERATION.CLOSE_SESSION && outcome.status === STATUS.OK) {
    session.hasEnded = true;
    return;
  }
  session.floor = Math.max(session.floor, outcome.lowestUnacknowledged);
  placeInWindow(session, outcome);
}

function placeInWindow(session: Session, outcome: SessionOutcome): void {
  const { status, sequence } = outcome;
  const isBelow = sequence < session.floor;
  const isBeyond = sequence >= session.floor + SESSION_WINDOW;
  if (status === STATUS.SEQUENCE_BELOW_FLOOR) {
    expect(isBelow, 'refused as below the floor, but is not', outcome);
  } else if (status === STATUS.SEQUENCE_BEYOND_WINDOW) {
    expect(isBeyond, 'refused as beyond the window, but is not', outcome);
  } else {
    expect(!isBelow, 'applied below the floor', outcome);
    expect(!isBeyond, 'applied beyond the window', outcome);
    takeEffect(session, outcome);
  }
}

function takeEffect(session: Session, outcome: SessionOutcome): void {
  const { status, revision, value, sequence } = outcome;
  const first = session.effects.get(sequence);
  if (isRefusal(status)) {
    expect(first === undefined, 'refused after it was applied', outcome);
  } else if (status === STATUS.APPLIED_RESULT_DROPPED) {
    expect(first !== undefined, 'a result is dropped that never was', outcome);
  } else if (first === undefined) {
    session.effects.set(sequence, { status, revision, value });
  } else {
    expect(isSame(first, outcome), 'applied twice', outcome);
  }
}

function isSame(effect: Effect, { status, revision, value }: Effect): boolean {
  return effect.status === status && effect.revision === revision && effect.value === value;
}

/** Answers that say nothing about an effect. */
const SILENT: ReadonlySet<number> = new Set([
  STATUS.SESSION_EXPIRED,
  STATUS.SEQUENCE_BELOW_FLOOR,
  ...REFUSALS,
]);

function compareAnswer(sessions: Map<string, Session>, answer: SessionAnswer): void {
  const { operation, group, session, sequence, status, revision } = answer;
  if (SILENT.has(status)) return;
  if (operation === OPERATION.OPEN_SESSION) {
    expect(sessions.has(nameOf(group, revision)), 'told of a session not opened', answer);
    return;
  }
  if (session === 0) return;
  const effect = sessions.get(nameOf(group, session))?.effects.get(sequence);
  if (effect === undefined) fail('told of an effect that the log does not have', answer);
  if (status === STATUS.APPLIED_RESULT_DROPPED) return;
  expect(isSame(effect, answer), 'told otherwise than the log has it', answer);
}

function expect(condition: boolean, what: string, row: SessionAnswer): void {
  if (!condition) fail(what, row);
}

function fail(what: string, row: SessionAnswer): never {
  const { group, session, sequence, status, revision } = row;
  const where = `group ${group} session ${session} sequence ${sequence}`;
  throw new InvariantViolation(
    'sessions',
    `${what}: ${where} (status ${status}, revision ${revision})`,
  );
}
