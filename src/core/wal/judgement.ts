/**
 * Recovery's judgement of whatever ended the replay: torn, or damaged.
 *
 *   bad flush p;  a later header whose "durable through" lies past p   ─▶ p had been synced: damage
 *                 no such header                                       ─▶ p never was: torn
 *
 * 1. On a power cut sectors reorder, so good flushes may follow a torn one: being followed proves
 *    nothing. Only what a later header vouches for is known to have been synced.
 * 2. A header vouches even if its own payload is torn: it was made after what it names was synced.
 * 3. Headers are looked for at every block behind p, in this and all later segments. Those of an
 *    earlier life of a file name another sequence and are not seen.
 * 4. Behind damage the replay goes on; each record that can still be told from garbage counts. The
 *    ordinals of headers say how many are lost without a trace.
 */
import type { FlushHeader, Position } from './flush.ts';
import {
  BLOCK_BYTES,
  comparePositions,
  FLUSH_HEADER_BYTES,
  flushBytes,
  LOG_START,
  readFlushHeader,
} from './flush.ts';
import { noteUnknownLoss } from './ledger.ts';
import { readFlushRecords, salvageRecords } from './payload.ts';
import type { LoggedRecord } from './record.ts';
import type { LoadedSegment, Recovery } from './replay.ts';
import { goesOn, passFlush, replayRecords } from './replay.ts';
import type { WalState } from './state.ts';

interface Sighting {
  readonly header: FlushHeader;
  readonly loaded: LoadedSegment;
}

/**
 * Replays what can be replayed behind `recovery.end`, leaves `end` where the log ends, answers 0.
 * Or, when the segment where the replay stood is dead, answers the sequence to start again from.
 */
export function judge(state: WalState, recovery: Recovery): number {
  const sightings = listSightings(recovery);
  const liveFrom = nextLiveSequence(recovery, sightings);
  if (liveFrom > 0) return liveFrom;
  const vouchedThrough = vouchedFrom(sightings);
  for (const [at, sighting] of sightings.entries()) {
    if (!goesOn(recovery, sighting.header)) {
      if (comparePositions(vouchedThrough[at]!, recovery.end) <= 0) break;
      salvageGap(state, recovery, sighting);
    }
    const isPassed = replaySighting(state, recovery, sighting, vouchedThrough[at + 1]!);
    if (!isPassed) break;
  }
  return 0;
}

/**
 * The least claim that calls the segment at hand dead; 0: none does. Not the greatest: that one's
 * header may itself be torn, and the log that is left must hold all that its own claims call live.
 */
function nextLiveSequence(recovery: Recovery, sightings: readonly Sighting[]): number {
  const { sequence } = recovery.loaded[0]!.segment;
  let liveFrom = recovery.firstLive > sequence ? recovery.firstLive : 0;
  for (const { header } of sightings) {
    if (header.firstLive <= sequence) continue;
    if (liveFrom === 0 || header.firstLive < liveFrom) liveFrom = header.firstLive;
  }
  return liveFrom;
}

/** All flush headers behind the end of the replay, in order. */
function listSightings(recovery: Recovery): Sighting[] {
  const sightings: Sighting[] = [];
  for (const [index, loaded] of recovery.loaded.entries()) {
    const { bytes, segment } = loaded;
    let at = index === 0 ? recovery.end.offset : 0;
    while (at < bytes.length) {
      const header = readFlushHeader(bytes, at, recovery.storeIdBytes, segment.sequence);
      if (header !== null) sightings.push({ header, loaded });
      at += header === null ? BLOCK_BYTES : flushBytes(header.payloadBytes);
    }
  }
  return sightings;
}

/** Entry i: the furthest that sightings i and later vouch for; one entry more, for "none". */
function vouchedFrom(sightings: readonly Sighting[]): Position[] {
  const vouched: Position[] = new Array(sightings.length + 1).fill(LOG_START);
  for (let at = sightings.length - 1; at >= 0; at--) {
    const own = sightings[at]!.header.durableThrough;
    const later = vouched[at + 1]!;
    vouched[at] = comparePositions(own, later) > 0 ? own : later;
  }
  return vouched;
}

/** False: the flush is torn, and the log ends before it. */
function replaySighting(
  state: WalState,
  recovery: Recovery,
  sighting: Sighting,
  vouchedThrough: Position,
): boolean {
  const { header, loaded } = sighting;
  const records = readFlushRecords(loaded.bytes, header, loaded.salt);
  if (records !== null) {
    replayRecords(state, recovery, records, loaded.segment);
  } else {
    if (comparePositions(vouchedThrough, header.position) <= 0) return false;
    noteDamage(recovery, header.position, loaded.segment.sequence);
    const from = header.position.offset + FLUSH_HEADER_BYTES;
    const found = salvageRecords(loaded.bytes, from, from + header.payloadBytes, loaded.salt);
    const lostCount = header.count - found.length;
    replaySalvaged(state, recovery, [{ loaded, found }], lostCount);
  }
  passFlush(recovery, header);
  return true;
}

function noteDamage(recovery: Recovery, at: Position, through: number): void {
  recovery.damagedAt.push(at);
  recovery.damagedThrough = Math.max(recovery.damagedThrough, through);
}

interface Salvage {
  readonly loaded: LoadedSegment;
  readonly found: readonly LoggedRecord[];
}

/** The header at `recovery.end` is gone, and maybe more up to `sighting`. */
function salvageGap(state: WalState, recovery: Recovery, sighting: Sighting): void {
  const { position, ordinal } = sighting.header;
  const salvages: Salvage[] = [];
  let foundCount = 0;
  for (const loaded of recovery.loaded) {
    const { sequence } = loaded.segment;
    if (sequence < recovery.end.sequence || sequence > position.sequence) continue;
    const from = sequence === recovery.end.sequence ? recovery.end.offset : 0;
    const to = sequence === position.sequence ? position.offset : loaded.bytes.length;
    const found = salvageRecords(loaded.bytes, from, to, loaded.salt);
    foundCount += found.length;
    salvages.push({ loaded, found });
  }
  noteDamage(recovery, recovery.end, position.sequence);
  const lostCount = recovery.ordinal < 0 ? 1 : ordinal - recovery.ordinal - foundCount;
  replaySalvaged(state, recovery, salvages, lostCount);
}

/** Replays what was salvaged. If more is lost, it is in doubt whether that is the newest. */
function replaySalvaged(
  state: WalState,
  recovery: Recovery,
  salvages: readonly Salvage[],
  lostCount: number,
): void {
  for (const { loaded, found } of salvages) {
    replayRecords(state, recovery, found, loaded.segment);
  }
  if (lostCount !== 0) noteUnknownLoss(state.ledger);
}
