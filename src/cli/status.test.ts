import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Address } from '../client/address.ts';
import { askPage, readinessOf, readMetric, readReadiness } from './http-door.ts';
import { coloured, tableText } from './output.ts';
import { type NodeStatus, statusText } from './status.ts';

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function serve(listener: http.RequestListener): Promise<Address> {
  const server = http.createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const METRICS = `# HELP apex_raft_term Current term.
# TYPE apex_raft_term gauge
apex_raft_term 12
apex_raft_term_total 99
apex_raft_role{role="follower"} 0
apex_raft_role{group="0",role="leader"} 1
apex_store_bytes 1.5e+3
`;

describe('reading metrics', () => {
  test.each([
    ['apex_raft_term', null, 12],
    ['apex_store_bytes', null, 1500],
    ['apex_raft_role', 'role="leader"', 1],
    ['apex_raft_role', 'role="follower"', 0],
    ['apex_raft_role', 'role="candidate"', Number.NaN],
    ['apex_raft', null, Number.NaN],
  ])('%s %s', (name, label, value) => {
    expect(readMetric(METRICS, name, label)).toBe(value);
  });
});

test('readiness: what is not well, and warnings', () => {
  const body =
    '[+] serving: serving\n[-] leader: NO_LEADER: gone\n[!] no authentication\nnot ready\n';
  expect(readReadiness({ status: 503, body })).toEqual({
    isReady: false,
    notes: ['leader: NO_LEADER: gone', 'no authentication'],
  });
});

describe('asking', () => {
  test('a page comes with its status', async () => {
    const address = await serve((request, response) => {
      response.statusCode = 503;
      response.end(`this is ${request.url}`);
    });
    const page = await askPage(address, '/readyz?verbose', 5000);
    expect(page).toEqual({ status: 503, body: 'this is /readyz?verbose' });
  });

  test('no answer in time is no answer', async () => {
    const address = await serve(() => {});
    expect(await askPage(address, '/', 50)).toBe('no answer within 50 ms');
  });

  test('nobody there is told as such', async () => {
    const address = await serve(() => {});
    await new Promise((resolve) => servers.splice(0)[0]!.close(resolve));
    expect(await askPage(address, '/', 5000)).toMatch(/ECONNREFUSED/);
  });

  test('another server is not taken for a node that is not ready', async () => {
    const address = await serve((_, response) => {
      response.statusCode = 404;
      response.end();
    });
    expect(await readinessOf(address, 5000)).toBe('HTTP status 404');
  });
});

const UP: NodeStatus = {
  address: '127.0.0.1:9001',
  state: 'ready',
  role: 'leader',
  term: 2,
  commitIndex: 10,
  appliedIndex: 9,
  keys: 3,
  bytes: 400,
  notes: [],
};
const DOWN: NodeStatus = {
  address: '127.0.0.1:9002',
  state: 'unreachable',
  role: null,
  term: null,
  commitIndex: null,
  appliedIndex: null,
  keys: null,
  bytes: null,
  notes: ['connect ECONNREFUSED'],
};

describe('printing', () => {
  test('a table has a header and no colours but on a terminal', () => {
    const lines = statusText([UP, DOWN], 'table', {}).split('\n');
    expect(lines[0]).toMatch(/^HTTP +STATE +ROLE +TERM +COMMIT +APPLIED +KEYS +BYTES +NOTES$/);
    expect(lines[1]).toMatch(/^127.0.0.1:9001 +ready +leader +2 +10 +9 +3 +400 +-$/);
    expect(lines[2]).toMatch(/^127.0.0.1:9002 +unreachable( +-){6} +connect ECONNREFUSED$/);
  });

  test('raw is cells between tabs', () => {
    const expected = '127.0.0.1:9001\tready\tleader\t2\t10\t9\t3\t400\t-\n';
    expect(statusText([UP], 'raw', {})).toBe(expected);
  });

  test('json is one array, jsonl a line a node', () => {
    expect(JSON.parse(statusText([UP, DOWN], 'json', {}))).toEqual([UP, DOWN]);
    expect(statusText([UP, DOWN], 'jsonl', {}).trimEnd().split('\n').length).toBe(2);
  });

  test('colours go to terminals, unless NO_COLOR says otherwise', () => {
    expect(coloured('ready', true, { isTTY: true }, {})).toBe('\x1b[32mready\x1b[0m');
    expect(coloured('ready', true, { isTTY: true }, { NO_COLOR: '1' })).toBe('ready');
    expect(coloured('ready', true, {}, {})).toBe('ready');
  });

  test('numbers stand at the right', () => {
    const columns = ['a', 'n'].map((title, at) => ({ title, isNumber: at > 0, isGood: null }));
    expect(
      tableText(
        columns,
        [
          ['x', '5'],
          ['long', '123'],
        ],
        {},
      ),
    ).toBe('a       n\nx       5\nlong  123\n');
  });
});
