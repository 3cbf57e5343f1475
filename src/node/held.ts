/**
 * The one place that holds a message until the disk holds what the message reveals.
 *
 * 1. Per group, in the order of tickets; a message leaves when its ticket is durable, never before.
 * 2. What is held when the node dies was never sent.
 * 3. Bounded: Raft sends at most one held message per peer and step; beyond the bound the oldest
 *    append reply to the same peer is dropped, for the newest says all that it said.
 */
import type { HeldMessage, Message } from '../core/raft/message.ts';

export const HELD_MAX = 4096;

export class Held {
  #messages: HeldMessage[] = [];
  #head = 0;

  get count(): number {
    return this.#messages.length - this.#head;
  }

  hold(held: HeldMessage): void {
    if (this.count >= HELD_MAX) this.#dropOneLike(held.message);
    // A message that needs less than the one before it waits with it: order is worth more.
    const last = this.count === 0 ? 0 : this.#messages[this.#messages.length - 1]!.ticket;
    this.#messages.push({ ticket: Math.max(last, held.ticket), message: held.message });
  }

  /** Hands over, in order, every message whose ticket is now durable. */
  release(durableTicket: number, send: (message: Message) => void): void {
    while (this.count > 0 && this.#messages[this.#head]!.ticket <= durableTicket) {
      send(this.#messages[this.#head]!.message);
      this.#head++;
    }
    if (this.#head > 1024 || this.#head === this.#messages.length) {
      this.#messages.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Messages may be lost at any time; the oldest of the same kind to the same peer is the least. */
  #dropOneLike(message: Message): void {
    for (let at = this.#head; at < this.#messages.length; at++) {
      const held = this.#messages[at]!.message;
      if (held.type !== message.type || held.to.id !== message.to.id) continue;
      this.#messages.splice(at, 1);
      return;
    }
    this.#head++;
  }
}
