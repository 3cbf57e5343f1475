/**
 * Which configuration is in force: the newest in the log, committed or not (thesis §4.1).
 *
 * Truncating its entry brings the one before back into force; compaction keeps the newest at or
 * below the base.
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex } from '../../base/units.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND, entryIndex, entryKind } from '../entry.ts';
import { decodeConfiguration, isVoter } from '../members.ts';
import { decodeFormation } from '../settings.ts';
import type { Configuration } from '../types.ts';
import type { RaftState } from './state.ts';

/** The configuration that an entry brings; null for an entry that brings none. */
export function configurationOf(entry: Uint8Array): Configuration | null {
  const kind = entryKind(entry);
  if (kind === ENTRY_KIND.COMMANDS) return null;
  const configuration =
    kind === ENTRY_KIND.FORMATION
      ? (decodeFormation(entry, ENTRY_HEADER_BYTES, entry.length)?.configuration ?? null)
      : decodeConfiguration(entry, ENTRY_HEADER_BYTES, entry.length);
  assert(configuration !== null, 'internal', 'undecodable configuration in a checked entry');
  return configuration;
}

/** Puts the configuration of the entry just appended into force. */
export function adoptConfiguration(state: RaftState, entry: Uint8Array): void {
  const configuration = configurationOf(entry);
  if (configuration === null) return;
  state.configurations.push({ index: entryIndex(entry), configuration });
}

/** Forgets the configurations that the truncation at `from` voids. */
export function dropConfigurationsFrom(state: RaftState, from: LogIndex): void {
  const configurations = state.configurations;
  while (configurations.length > 1 && configurations[configurations.length - 1]!.index >= from) {
    configurations.pop();
  }
}

/** Forgets the configurations that a newer one at or below `index` supersedes. */
export function compactConfigurations(state: RaftState, index: LogIndex): void {
  const configurations = state.configurations;
  while (configurations.length > 1 && configurations[1]!.index <= index) configurations.shift();
}

/** Starts over with a snapshot's configuration. */
export function resetConfigurations(
  state: RaftState,
  index: LogIndex,
  configuration: Configuration,
): void {
  state.configurations = [{ index, configuration }];
}

/** Replaces what was known of the configurations at or below `index`; what follows stays. */
export function rebaseConfigurations(
  state: RaftState,
  index: LogIndex,
  configuration: Configuration,
): void {
  const later = state.configurations.filter((candidate) => candidate.index > index);
  state.configurations = [{ index, configuration }, ...later];
}

/** The newest configuration at or below `index`: what a snapshot at `index` carries. */
export function configurationAt(state: RaftState, index: LogIndex): Configuration {
  let found = state.configurations[0]!;
  for (const candidate of state.configurations) if (candidate.index <= index) found = candidate;
  return found.configuration;
}

/**
 * Whether our vote may be needed: we are a voter of the configuration in force, or of one whose
 * replacement is not known to be committed. Who was removed by such an entry campaigns (§4.2.2):
 * the others may lack the entry and need our vote, which our longer log denies them. We count
 * ourselves only where we are a voter, and leave office when the entry is committed.
 */
export function isVoteNeeded(state: RaftState): boolean {
  const { configurations, config, commitIndex } = state;
  for (let at = configurations.length - 1; at >= 0; at--) {
    const { index, configuration } = configurations[at]!;
    if (isVoter(configuration, config.self)) return true;
    if (index <= commitIndex) return false;
  }
  return false;
}

/**
 * Whether every member of entry 1 has been seen to hold it. The leader says so by a second
 * configuration entry; until that is committed no client command is accepted, so that a majority
 * of lost disks can never look like a cluster that was never formed.
 */
export function isFormed(state: RaftState): boolean {
  if (state.log.baseIndex > 1) return true;
  return state.configurations.some(({ index }) => index > 1 && index <= state.commitIndex);
}
