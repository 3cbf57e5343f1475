/**
 * A client of a cluster: one connection at a time, to the first address that takes it.
 *
 * 1. A write is sent at most once. If its answer is lost it ends UNCERTAIN, and so does every later
 *    write that was in flight with it.
 * 2. Two things are tried again, at the next address, each address once: what a node has certainly
 *    not applied because it does not serve, and a read whose answer was lost.
 * 3. Rule 2 holds only for a request with nothing sent after it. To repeat one in the middle of a
 *    pipeline would let it see, or be, what the program order forbids.
 */
import { newRequestView, type RequestView } from '../core/protocol/client.ts';
import { FLAG, REQUEST } from '../core/protocol/wire.ts';
import { type Address, addressText } from './address.ts';
import { type Answer, refused } from './answer.ts';
import { Connection, type Lost } from './connection.ts';

export interface ClientOptions {
  readonly addresses: readonly Address[];
  /** For a connection to be made, and for an answer to come. */
  readonly timeoutMs: number;
}

export type RequestParts = Partial<RequestView> & Pick<RequestView, 'command'>;

const READS: ReadonlySet<number> = new Set([REQUEST.GET, REQUEST.PING, REQUEST.METRICS]);
const NOT_SERVING: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'NO_LEADER',
  'NOT_LEADER',
  'STORES_MISSING',
]);

export class Client {
  readonly #options: ClientOptions;
  #connection: Promise<Connection | string> | null = null;
  /** Which address the connection is, or will be, to. */
  #at = 0;
  #calls = 0;
  #isClosed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** The address that the next request goes to. */
  get address(): Address {
    return this.#options.addresses[this.#at]!;
  }

  /** Requests are sent in the order of the calls. Never rejects. */
  async call(parts: RequestParts): Promise<Answer> {
    const view = { ...newRequestView(), ...parts };
    view.flags |= FLAG.TYPED;
    const turn = ++this.#calls;
    let answer: Answer = refused('UNAVAILABLE', 'no address');
    for (const _ of this.#options.addresses) {
      const connection = await this.#connected();
      if (typeof connection === 'string') return refused('UNAVAILABLE', connection);
      const outcome = await connection.request(view);
      answer = outcome.kind === 'lost' ? lost(view, outcome, connection) : outcome;
      if (turn !== this.#calls || !mayRepeat(view, outcome)) break;
      this.#moveOn(connection);
    }
    return answer;
  }

  close(): void {
    this.#isClosed = true;
    void this.#connection?.then((made) => typeof made !== 'string' && made.close());
  }

  /** All wait for the same promise, so they go on in the order in which they came. */
  async #connected(): Promise<Connection | string> {
    const current = this.#connection;
    if (current !== null) {
      const made = await current;
      if (typeof made !== 'string' && made.isOpen) return made;
      // Somebody who came earlier found the same and dials already.
      if (current !== this.#connection) return await this.#connection!;
    }
    this.#connection = this.#dial();
    return await this.#connection;
  }

  async #dial(): Promise<Connection | string> {
    const { addresses, timeoutMs } = this.#options;
    const reasons: string[] = [];
    for (const _ of addresses) {
      if (this.#isClosed) return 'the client is closed';
      const made = await Connection.open(this.address, timeoutMs);
      if (typeof made !== 'string') return made;
      reasons.push(`${addressText(this.address)}: ${made}`);
      this.#at = (this.#at + 1) % addresses.length;
    }
    return `no node can be reached (${reasons.join('; ')})`;
  }

  #moveOn(connection: Connection): void {
    connection.close();
    this.#at = (this.#at + 1) % this.#options.addresses.length;
  }
}

function mayRepeat({ command }: RequestView, outcome: Answer | Lost): boolean {
  if (outcome.kind === 'lost') return READS.has(command);
  return outcome.kind === 'refused' && NOT_SERVING.has(outcome.code);
}

function lost({ command }: RequestView, { reason }: Lost, { address }: Connection): Answer {
  const told = `${addressText(address)}: ${reason}`;
  if (READS.has(command)) return refused('UNAVAILABLE', told);
  return refused('UNCERTAIN', `${told}; the command may or may not have been applied`);
}
