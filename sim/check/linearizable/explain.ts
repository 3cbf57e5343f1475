/**
 * Says why a key's history has no linearization: how far one gets, in which order, and which
 * operation it cannot pass.
 */
import { type Model, type Operation, UNKNOWN } from './model.ts';
import type { Plan } from './plan.ts';

/** Enough to see the conflict; the history itself holds the rest. */
const LINES_SHOWN = 8;

export interface Failure<Call> {
  readonly plan: Plan<Call>;
  /** The first operation, in the order of returns, that no order found gets past. */
  readonly farthest: number;
  /** The changes of an order that gets there, as the search numbers them. */
  readonly moves: Int32Array;
  readonly model: Model<Call>;
}

export function explain<Call>({ plan, farthest, moves, model }: Failure<Call>): string {
  const { operations, frontCount } = plan.table;
  const stuck = operations[farthest]!;
  const open = operations.filter(
    (other, index) =>
      index !== farthest && other.callAt <= stuck.returnAt && stuck.callAt <= other.returnAt,
  );
  return [
    `${farthest} of ${frontCount} answered operations can be placed; this one cannot:`,
    `  ${tell(stuck, model)}`,
    ...tellPath(plan, moves, model),
    `open at the same time: ${open.length}`,
    ...open.slice(0, LINES_SHOWN).map((operation) => `  ${tell(operation, model)}`),
  ].join('\n');
}

export function explainOrphan<Call>(plan: Plan<Call>, orphan: number, model: Model<Call>): string {
  const operation = tell(plan.table.operations[orphan]!, model);
  return `nothing called before it returned could have left what it found:\n  ${operation}`;
}

function tellPath<Call>(plan: Plan<Call>, moves: Int32Array, model: Model<Call>): string[] {
  const spent = new Int32Array(plan.sorts.length);
  let state = model.initial;
  const told = Array.from(moves, (move) => {
    const operation = plan.table.operations[numberOf(plan, move, spent)]!;
    state = model.apply(state, operation.call).next;
    return `  ${tell(operation, model)}; leaves ${model.show(model.visible(state))}`;
  });
  if (told.length === 0) return [`nothing changed ${model.show(model.visible(state))} before`];
  return [
    told.length > LINES_SHOWN
      ? `the last ${LINES_SHOWN} of ${told.length} changes in an order that gets there:`
      : 'the changes in an order that gets there:',
    ...told.slice(-LINES_SHOWN),
  ];
}

function numberOf(plan: Plan<unknown>, move: number, spent: Int32Array): number {
  if (move >= 0) return move;
  const sort = -1 - move;
  return plan.sorts[sort]!.operations[spent[sort]!++]!;
}

function tell<Call>(operation: Operation<Call>, model: Model<Call>): string {
  const { process, callAt, returnAt, call, result } = operation;
  const answer = returnAt === UNKNOWN ? 'unknown' : model.show(result);
  const until = returnAt === UNKNOWN ? '∞' : returnAt;
  return `[${callAt}…${until}] process ${process}: ${model.describe(call)} → ${answer}`;
}
