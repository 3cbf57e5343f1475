/** A node's ports, opened for the net that was chosen. */
import type { Failure } from '../base/errors.ts';
import { type ListenerPorts, type Listeners, openListeners } from './listeners.ts';
import type { Choice } from './native/choice.ts';
import { type NativeListeners, openNativeListeners } from './native/listeners.ts';

export function openListenersFor(
  { addon }: Choice,
  host: string,
  wanted: ListenerPorts,
): Promise<Listeners | NativeListeners | Failure> {
  if (addon !== null) return openNativeListeners(addon.net, host, wanted);
  return openListeners(host, wanted);
}
