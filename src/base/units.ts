/**
 * Branded look-alikes: a term is never passed where an index belongs.
 *
 * All of them are non-negative integers; indices, terms and revisions stay at or below 2^53 - 1.
 */
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** A point in time or a span, in whole milliseconds. Monotonic unless a name says `wall`. */
export type Millis = Unit<'Millis'>;
/** A Raft term. 0 is the term before the first election. */
export type Term = Unit<'Term'>;
/** A position in one group's log. 0 is the position before the first entry. */
export type LogIndex = Unit<'LogIndex'>;
/** A node's number, 1…65535. 0 means "nobody". */
export type NodeId = Unit<'NodeId'>;
/** A Raft group, 0…G-1. */
export type GroupId = Unit<'GroupId'>;
/** A per-group counter that apply advances for every command that changed state. */
export type Revision = Unit<'Revision'>;
/** Orders what one node hands to its disk; completions are prefixes in this order. */
export type Ticket = Unit<'Ticket'>;

export const NEVER = Number.POSITIVE_INFINITY as Millis;
export const NOBODY = 0 as NodeId;
export const ZERO_TERM = 0 as Term;
export const ZERO_INDEX = 0 as LogIndex;
export const ZERO_TICKET = 0 as Ticket;

export const millis = (value: number): Millis => value as Millis;
export const term = (value: number): Term => value as Term;
export const logIndex = (value: number): LogIndex => value as LogIndex;
export const nodeId = (value: number): NodeId => value as NodeId;
export const groupId = (value: number): GroupId => value as GroupId;
export const revision = (value: number): Revision => value as Revision;
export const ticket = (value: number): Ticket => value as Ticket;

/**
 * A store's 128-bit random name, as 32 lower-case hex digits; a data directory keeps one for life.
 * A voter is a node id together with its store.
 */
export type StoreId = string & { readonly [unit]: 'StoreId' };
/** A cluster's 128-bit random name, as 32 lower-case hex digits. */
export type ClusterId = string & { readonly [unit]: 'ClusterId' };
