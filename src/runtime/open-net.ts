/** The net that fits what was opened. */
import type { DaemonNet, DaemonNetOptions } from './daemon-net.ts';
import type { Listeners } from './listeners.ts';
import type { NativeListeners } from './native/listeners.ts';
import { NativeNet } from './native/net.ts';
import { PlainNet } from './net.ts';

export function openNet(
  listeners: Listeners | NativeListeners,
  options: DaemonNetOptions,
): DaemonNet {
  if ('poller' in listeners) return new NativeNet({ ...options, listeners });
  return new PlainNet({ ...options, listeners });
}
