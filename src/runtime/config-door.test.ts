/** The settings over HTTP: read anywhere, changed at the leader, and by no web page. */
import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { type Member, until } from './testing/cluster.ts';
import { stageOfAll } from './testing/stage.ts';

const stage = stageOfAll(3);

interface Answered {
  readonly status: number;
  readonly body: { readonly quota?: number; readonly durability?: string };
}

function ask(
  { listeners }: Member,
  method: 'GET' | 'POST',
  { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string } = {},
): Promise<Answered> {
  const { httpPort: port } = listeners.ports;
  const options = {
    host: '127.0.0.1',
    port,
    path: '/api/v1/config',
    method,
    headers,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }),
      );
    });
    request.on('error', reject).end(body);
  });
}

const OURS = { 'x-apex-kv': 'config' };
const roleOf = ({ daemon }: Member): string => daemon.node.state.groups[0]!.raft.role;
const leader = (): Member => stage.members.find((member) => roleOf(member) === 'leader')!;
const follower = (): Member => stage.members.find((member) => roleOf(member) === 'follower')!;

test('a change at the leader is in force everywhere, and answered as it is', async () => {
  const body = JSON.stringify({ quota: 5_000_000, durability: 'strict' });
  const changed = await ask(leader(), 'POST', { headers: OURS, body });
  expect(changed).toMatchObject({ status: 200, body: { quota: 5_000_000, durability: 'strict' } });
  await until(async () => (await ask(follower(), 'GET')).body.quota === 5_000_000);
  expect((await ask(follower(), 'GET')).body.durability).toBe('strict');
});

test('a follower says who leads', async () => {
  const body = JSON.stringify({ quota: 6_000_000 });
  const answer = await ask(follower(), 'POST', { headers: OURS, body });
  expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE', leader: leader().id } });
});

test.each([
  ['{"quota":0}'],
  ['{"quota":"much"}'],
  ['{"durability":"none"}'],
  ['{"clusterId":1}'],
  ['{}'],
  ['quota=1'],
  [`{"quota":1,"${'x'.repeat(5000)}":1}`],
])('%.30s is no change', async (body) => {
  const answer = await ask(leader(), 'POST', { headers: OURS, body });
  expect(answer).toMatchObject({ status: 400, body: { code: 'BAD_SETTING' } });
});

test.each([
  ['without our header', {}],
  ['from a page', { ...OURS, origin: 'http://127.0.0.1' }],
  ["for somebody else's name", { ...OURS, host: 'evil.example:9001' }],
])('a change %s is forbidden', async (_, headers) => {
  const answer = await ask(leader(), 'POST', { headers, body: '{"quota":1}' });
  expect(answer).toMatchObject({ status: 403, body: { code: 'HTTP_FORBIDDEN' } });
});
