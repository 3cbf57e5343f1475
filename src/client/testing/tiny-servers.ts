/** Servers of one test file: each is closed when the test that opened it is over. */
import { afterEach } from 'vitest';
import { type Fate, type Seen, TinyServer } from './tiny-server.ts';

export function tinyServers(): (fateOf?: (seen: Seen) => Fate) => Promise<TinyServer> {
  const servers: TinyServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  return async (fateOf) => {
    const server = await TinyServer.open(fateOf);
    servers.push(server);
    return server;
  };
}
