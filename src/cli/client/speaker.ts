/**
 * Says answers in the chosen form, in the order of the commands, and remembers the first failure.
 *
 *   form     stdout                              stderr
 *   text     one line a command                  what to do about an error
 *   raw      values, nothing between them        errors, and what to do
 *   jsonl    one object a line
 *   json     one object; of a script, one array
 */
import type { Writable } from 'node:stream';
import { EXIT, type ExitStatus } from '../../base/errors.ts';
import type { Answer } from '../../client/answer.ts';
import { refused } from '../../client/answer.ts';
import type { Parsed } from './grammar.ts';
import { answerLine, answerObject, exitOf, rawAnswer, refusalLine, remedyOf } from './render.ts';

export type Form = 'text' | 'raw' | 'json' | 'jsonl';

export interface SpeakerOptions {
  readonly form: Form;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
  /** One command, from the shell: a missing key is a failure then, and errors go to stderr. */
  readonly isOneShot: boolean;
}

type Request = Extract<Parsed, { kind: 'request' }>;
type Mistake = Extract<Parsed, { kind: 'mistake' }>;

export class Speaker {
  /** Of the first command that failed. */
  exit: ExitStatus = EXIT.OK;
  readonly #options: SpeakerOptions;
  #said = 0;

  constructor(options: SpeakerOptions) {
    this.#options = options;
  }

  answer({ name, request }: Request, answer: Answer): void {
    this.#fail(exitOf(answer, this.#options.isOneShot));
    switch (this.#options.form) {
      case 'text':
        this.#text(answer);
        return;
      case 'raw':
        this.#options.stdout.write(rawAnswer(answer));
        if (answer.kind === 'refused') this.#complain(`${refusalLine(answer)}`);
        this.#remedy(answer);
        return;
      case 'json':
      case 'jsonl':
        this.#object(answerObject(name, request, answer));
        return;
    }
  }

  /** A command that is none: the user's fault, whatever the code says of servers. */
  mistake({ code, message }: Mistake): void {
    this.#fail(EXIT.USAGE);
    const { form, isOneShot } = this.#options;
    if (form === 'json' || form === 'jsonl') this.#object({ error: { code, message } });
    else if (isOneShot || form === 'raw') this.#complain(refusalLine({ code, message }));
    else this.#say(`${refusalLine(refused(code, message))}\n`);
  }

  help(text: string): void {
    this.#say(`${text}\n`);
  }

  /** Completes what a form leaves open. */
  end(): void {
    const { form, isOneShot } = this.#options;
    if (form === 'json' && !isOneShot) this.#say(this.#said === 0 ? '[]\n' : '\n]\n');
  }

  #text(answer: Answer): void {
    const { stdout, isOneShot } = this.#options;
    if (answer.kind === 'refused' && isOneShot) this.#complain(refusalLine(answer));
    else stdout.write(answerLine(answer, stdout.isTTY === true));
    this.#remedy(answer);
  }

  #object(object: object): void {
    const { form, isOneShot } = this.#options;
    if (form === 'jsonl') this.#say(`${JSON.stringify(object)}\n`);
    else if (isOneShot) this.#say(`${JSON.stringify(object, null, 2)}\n`);
    else this.#say(`${this.#said === 0 ? '[' : ','}\n${JSON.stringify(object)}`);
    this.#said++;
  }

  #remedy(answer: Answer): void {
    const remedy = remedyOf(answer);
    if (remedy !== null) this.#complain(`  ${remedy}`);
  }

  #fail(exit: ExitStatus): void {
    if (this.exit === EXIT.OK) this.exit = exit;
  }

  #say(text: string): void {
    this.#options.stdout.write(text);
  }

  #complain(line: string): void {
    this.#options.stderr.write(`${line}\n`);
  }
}
