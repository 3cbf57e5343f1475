/**
 * Which implementation serves a port: the native helper, or plain Node.
 *
 * Nobody asked: native where the addon is there and fits, else plain Node, which is told at the start.
 * Whoever asked for native by name gets it or an error: a bench that runs on something else is none.
 */
import { type Failure, failure } from '../../base/errors.ts';
import type { Addon } from './addon.ts';
import { type LoadedAddon, loadAddon } from './load.ts';

export type Implementation = 'native' | 'node';

export const IMPLEMENTATIONS: readonly Implementation[] = ['native', 'node'];

export type Choice =
  | { readonly implementation: 'native'; readonly addon: Addon; readonly reason: null }
  /** Why not native; null: plain Node was asked for. */
  | { readonly implementation: 'node'; readonly addon: null; readonly reason: string | null };

/** `flag` is the flag's name; null: it was not given. */
export function chooseImplementation(
  flag: string,
  asked: Implementation | null,
  load: () => LoadedAddon = loadAddon,
): Choice | Failure {
  if (asked === 'node') return { implementation: 'node', addon: null, reason: null };
  const { addon, reason } = load();
  if (addon !== null) return { implementation: 'native', addon, reason: null };
  if (asked === null) return { implementation: 'node', addon: null, reason };
  return failure('BAD_FLAG', `${flag} native: there is no native helper: ${reason}`);
}

export const NET_THREADS = ['auto', 'on', 'off'] as const;
export type NetThread = (typeof NET_THREADS)[number];

/** With fewer cores the hop from thread to thread costs more than it gives. */
const THREAD_CORES_MIN = 4;

/** Who serves the sockets, and whether on a thread of its own. */
export type NetChoice = Choice & { readonly isThreaded: boolean };

/** `cores`: how many this process may use. */
export function chooseNet(
  asked: Implementation | null,
  thread: NetThread,
  cores: number,
  load: () => LoadedAddon = loadAddon,
): NetChoice | Failure {
  const choice = chooseImplementation('--net', asked, load);
  if ('code' in choice) return choice;
  const isThreaded = thread === 'on' || (thread === 'auto' && cores >= THREAD_CORES_MIN);
  if (choice.implementation === 'native') return { ...choice, isThreaded };
  if (thread !== 'on') return { ...choice, isThreaded: false };
  const why = choice.reason ?? '--net node has none: only --net native can have a thread';
  return failure('BAD_FLAG', `--net-thread on: there is no native helper for sockets: ${why}`);
}

/** For whoever takes what there is. */
export function bestImplementation(): Choice {
  const { addon, reason } = loadAddon();
  if (addon !== null) return { implementation: 'native', addon, reason: null };
  return { implementation: 'node', addon: null, reason };
}
