/**
 * What is supervised, as the supervisor sees it (docs/adr/0006-supervision.md).
 *
 * A helper holds something of the operating system and works by itself. It is handed over open. When
 * it fails it says so, or is found closed; what it held is let go before it is opened anew.
 *
 * 1. To open anew is to get the same address, and nothing else: no byte is sent again, no operation
 *    repeated, and connections that were accepted are not touched.
 * 2. A helper that cannot promise that is not restarted: its policy says so.
 */
import type { RestartPolicy } from '../node/supervision.ts';

export type HelperName = 'disk' | 'net-thread' | 'clients' | 'peers' | 'gossip' | 'http';

export interface Helper {
  readonly name: HelperName;
  readonly policy: RestartPolicy;
  /** Whether the node stops when it is given up. */
  readonly isVital: boolean;
  readonly isUp: () => boolean;
  /** Rejects with the reason if it cannot be. Null: it is never opened anew. */
  readonly reopen: (() => Promise<void>) | null;
  /** Lets go of what it holds. May be called when there is nothing. */
  readonly close: () => void;
}
