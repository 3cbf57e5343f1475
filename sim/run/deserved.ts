/** Refusals that nothing a client of ours asks can deserve, whatever goes wrong around it. */
import type { ErrorCode } from '../../src/base/errors.ts';
import { violate } from '../check/online/violate.ts';

/**
 * What it asks is well formed and small. Under a session it names as floor what it still waits for, and
 * never asks for as much at once as the window holds: a floor above that was not its own.
 */
const UNDESERVED: ReadonlySet<string> = new Set<ErrorCode>([
  'MALFORMED',
  'BAD_FRAME',
  'UNKNOWN_COMMAND',
  'KEY_TOO_LARGE',
  'VALUE_TOO_LARGE',
  'CROSSSLOT',
  'BAD_SETTING',
  'SEQUENCE_BELOW_FLOOR',
  'SEQUENCE_BEYOND_WINDOW',
]);

export function checkDeserved(code: string | null): void {
  if (code === null || !UNDESERVED.has(code)) return;
  const checker = code.startsWith('SEQUENCE') ? 'sessions' : 'client-oracle';
  violate(checker, `a client is refused with ${code}, which nothing it asked deserves`);
}
