/**
 * Resolving peers' names, one at a time.
 *
 * The system's resolver blocks a thread of Node's pool, for many seconds when no name server
 * answers, and the disk's operations run in the same pool of four. So all links together keep at
 * most one thread waiting, and those who ask for the same name share the answer.
 */
import dns, { type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

export type Resolve = (host: string) => Promise<LookupAddress[]>;

const askSystem: Resolve = (host) => dns.promises.lookup(host, { all: true, order: 'verbatim' });

export class NameLookup {
  readonly #resolve: Resolve;
  readonly #waiting = new Map<string, Promise<LookupAddress[]>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(resolve: Resolve = askSystem) {
    this.#resolve = resolve;
  }

  /** As `net.connect` wants it. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true) callback(null, addresses);
        else callback(null, first!.address, first!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };

  resolve(host: string): Promise<LookupAddress[]> {
    const known = this.#waiting.get(host);
    if (known !== undefined) return known;
    const answer = this.#last.then(() => this.#resolve(host));
    this.#waiting.set(host, answer);
    this.#last = answer
      .catch(() => {
        // Whoever asked is told; the next in line only waits for the turn.
      })
      .finally(() => this.#waiting.delete(host));
    return answer;
  }
}
