/** A cluster of daemons in a directory of its own, gone when its test or its file is over. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  type BootOptions,
  bootCluster,
  closeCluster,
  isSettled,
  type Member,
  removeDirectory,
  temporaryDirectory,
  until,
} from './cluster.ts';

export class Stage {
  directory = '';
  members: Member[] = [];

  async open(): Promise<void> {
    this.directory = await temporaryDirectory();
  }

  async boot(count: number, options: BootOptions = {}): Promise<void> {
    this.members = await bootCluster(this.directory, count, options);
  }

  settle(): Promise<void> {
    return until(() => isSettled(this.members));
  }

  async stop(): Promise<void> {
    await closeCluster(this.members.splice(0));
  }

  async close(): Promise<void> {
    await this.stop();
    await removeDirectory(this.directory);
  }
}

/** An empty stage for each test. */
export function stageOfTest(): Stage {
  const stage = new Stage();
  beforeEach(() => stage.open());
  afterEach(() => stage.close());
  return stage;
}

/** One cluster that has settled, for all tests of a file or a group. */
export function stageOfAll(count: number): Stage {
  const stage = new Stage();
  beforeAll(async () => {
    await stage.open();
    await stage.boot(count);
    await stage.settle();
  });
  afterAll(() => stage.close());
  return stage;
}
