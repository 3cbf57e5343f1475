/** How far a graceful stop has come: see stopping.ts. */
import type { Millis } from '../base/units.ts';

export interface Stopping {
  readonly handOverUntil: Millis;
  closeUntil: Millis | null;
}
