/** The session of a simulated client: opened, used in order, closed now and then, lost. */
import { newRequestView, type RequestView } from '../../src/core/protocol/client.ts';
import { FLAG, REQUEST } from '../../src/core/protocol/wire.ts';

export class ClientSession {
  /** 0: none. */
  id = 0;
  isOpening = false;
  isClosing = false;
  #nextSequence = 1;

  /** Whether it is the client's, or the client may yet be told so. */
  mayBe(id: number): boolean {
    return this.isOpening || this.id === id;
  }

  open(): RequestView {
    this.isOpening = true;
    const view = newRequestView();
    view.command = REQUEST.OPEN_SESSION;
    return view;
  }

  /** Asked again like any write under it, and then the session has expired. */
  close(): RequestView {
    this.isClosing = true;
    const view = newRequestView();
    view.command = REQUEST.CLOSE_SESSION;
    view.lowestUnacknowledged = this.use(view);
    return view;
  }

  /** Gives the request its place in the session; answers the sequence. */
  use(view: RequestView): number {
    const sequence = this.#nextSequence++;
    view.flags |= FLAG.SESSION;
    view.session = this.id;
    view.sequence = sequence;
    return sequence;
  }

  /** Whether the answer belongs to opening or closing and to nothing else. */
  answered(command: number, isDone: boolean, revision: number): boolean {
    if (command === REQUEST.OPEN_SESSION) {
      this.isOpening = false;
      if (!isDone) return true;
      this.id = revision;
      this.#nextSequence = 1;
      return true;
    }
    if (command !== REQUEST.CLOSE_SESSION) return false;
    this.isClosing = false;
    if (isDone) this.id = 0;
    return isDone;
  }

  expired(id: number): void {
    if (id === this.id) this.id = 0;
  }
}
