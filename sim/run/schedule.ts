/**
 * What of a seed's run happens: everything, or, for a shrunk failure, what is left of it.
 *
 * A strike is named by its kind and by how many of the kind came before it. When the n-th one of a
 * kind comes depends on the seed alone, and each draws from a stream of its own, so leaving one
 * out changes nothing about the others but what the cluster makes of it.
 */
export interface Schedule {
  /** Classes of faults (sim/world/config.ts) and kinds of strikes that do not happen. */
  readonly off: readonly string[];
  /** The strikes that happen, of the kinds that do; null: all. */
  readonly strikes: readonly string[] | null;
  /** Of the workload; null: as the seed draws. */
  readonly clients: number | null;
  readonly keys: number | null;
  /** When chaos ends. */
  readonly safetyMs: number | null;
}

export const WHOLE_SCHEDULE: Schedule = {
  off: [],
  strikes: null,
  clients: null,
  keys: null,
  safetyMs: null,
};

export const isWholeSchedule = (schedule: Schedule): boolean =>
  schedule.off.length === 0 &&
  [schedule.strikes, schedule.clients, schedule.keys, schedule.safetyMs].every(
    (limit) => limit === null,
  );

export const STRIKE_KINDS = [
  'crash',
  'promise-crash',
  'all-crash',
  // While the cluster forms.
  'birth-crash',
  'hunt',
  // A leader that does not know yet that it is none, and is read from.
  'eclipse',
  'pause',
  'standstill',
  'partition',
  'clog',
  'link-reset',
  'connection-reset',
  'clock-step',
  'slow-disk',
  'wipe',
  'full-disk',
  'decay',
  'transfer',
  'snapshot',
  'reconfigure',
  // A node is asked to stop, and is started again after a while.
  'stop',
  // After chaos: a node is lost for good.
  'abandon',
] as const;
export type StrikeKind = (typeof STRIKE_KINDS)[number];

/** A strike that happened. */
export interface Strike {
  /** `crash 3`: the third crash that the seed has. */
  readonly name: string;
  readonly kind: StrikeKind;
  readonly timeMs: number;
}
