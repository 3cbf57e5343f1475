/** A node's ports, opened for the net that was chosen. */
import type { Failure } from '../base/errors.ts';
import { type ListenerPorts, type Listeners, openListeners } from './listeners.ts';
import type { NetChoice } from './native/choice.ts';
import { type NativeListeners, openNativeListeners } from './native/listeners.ts';

export function openListenersFor(
  { addon, isThreaded }: NetChoice,
  host: string,
  wanted: ListenerPorts,
): Promise<Listeners | NativeListeners | Failure> {
  if (addon !== null) return openNativeListeners({ binding: addon.net, isThreaded }, host, wanted);
  return openListeners(host, wanted);
}
