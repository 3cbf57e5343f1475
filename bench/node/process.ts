/** A bench's own node, seen from outside: started, asked, killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Milestone, NodeFigures, NodeMessage, NodeOptions } from './door.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export class NodeProcess {
  readonly port: number;
  /** Milliseconds since the process began. */
  readonly milestones: ReadonlyMap<Milestone, number>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, milestones: Map<Milestone, number>) {
    this.#child = child;
    this.port = port;
    this.milestones = milestones;
  }

  /** Starts a node on the data below its directory; resolves when it is ready. */
  static start(options: NodeOptions): Promise<NodeProcess> {
    const child = fork(MAIN, [JSON.stringify(options)]);
    const milestones = new Map<Milestone, number>();
    let port = 0;
    return new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the node's process ended: ${code}`)));
      child.on('message', (message: NodeMessage) => {
        if (message.kind === 'ended') reject(new Error(`the node ended: ${message.reason}`));
        if (message.kind === 'port') port = message.port;
        if (message.kind !== 'milestone') return;
        milestones.set(message.milestone, message.ms);
        if (message.milestone === 'ready') resolve(new NodeProcess(child, port, milestones));
      });
    });
  }

  figures(): Promise<NodeFigures> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', (message: NodeMessage) => {
        if (message.kind === 'figures') resolve(message.figures);
        else reject(new Error(`the node said ${message.kind}`));
      });
      this.#child.send('figures');
    });
  }

  /** As a crash does. */
  kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.kill('SIGKILL');
    });
  }
}
