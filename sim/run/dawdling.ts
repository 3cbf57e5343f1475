/** A client that stops taking replies now and then, and goes on asking. */
import type { ClientConnection } from '../world/net-clients.ts';
import type { Stream } from '../world/streams.ts';

export class Dawdling {
  readonly #stream: Stream;
  readonly #permille: number;
  /** It takes no replies before this; 0: it reads. */
  #untilMs = 0;

  constructor(stream: Stream, permille: number) {
    this.#stream = stream;
    this.#permille = permille;
  }

  /** A new connection is read. */
  reset(): void {
    this.#untilMs = 0;
  }

  /** Called each time it could ask: it may begin, or end. */
  isUnder(connection: ClientConnection, nowMs: number): boolean {
    if (this.#untilMs > 0 && nowMs >= this.#untilMs) this.end(connection);
    else if (this.#untilMs === 0 && this.#stream.permille(this.#permille)) {
      this.#untilMs = nowMs + this.#stream.pick([50, 500, 2_000, 7_000]);
      connection.read(false);
    }
    return this.#untilMs > 0;
  }

  end(connection: ClientConnection): void {
    if (this.#untilMs > 0) connection.read(true);
    this.#untilMs = 0;
  }
}
