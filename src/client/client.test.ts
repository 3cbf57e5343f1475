import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../base/text.ts';
import { FLAG, REQUEST } from '../core/protocol/wire.ts';
import type { Address } from './address.ts';
import type { Answer } from './answer.ts';
import { Client, type RequestParts } from './client.ts';
import { type Fate, type Seen, TinyServer } from './testing/tiny-server.ts';

const toClose: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of toClose.splice(0).reverse()) await it.close();
});

async function server(fateOf?: (request: Seen) => Fate): Promise<TinyServer> {
  const opened = await TinyServer.open(fateOf);
  toClose.push(opened);
  return opened;
}

function client(addresses: readonly Address[], timeoutMs = 5000): Client {
  const made = new Client({ addresses, timeoutMs });
  toClose.push(made);
  return made;
}

/** An address at which nobody listens any more. */
async function deadAddress(): Promise<Address> {
  const opened = await TinyServer.open();
  const { address } = opened;
  await opened.close();
  return address;
}

const key = encodeUtf8('k');
const get: RequestParts = { command: REQUEST.GET, key };
const put = (value: string): RequestParts => ({
  command: REQUEST.PUT,
  key,
  value: encodeUtf8(value),
});

function told(answer: Answer): string {
  if (answer.kind === 'refused') return answer.code;
  return answer.kind === 'result' ? `${answer.status} ${decodeUtf8(answer.value)}` : answer.kind;
}

const closeAt =
  (command: number) =>
  (seen: Seen): Fate =>
    seen.command === command ? 'close' : 'answer';

describe('one address', () => {
  test('answers come to their own requests, whatever is in flight', async () => {
    const { address, seen } = await server();
    const one = client([address]);
    const values = Array.from({ length: 200 }, (_, at) => `value ${at}`);
    const answers = await Promise.all(values.flatMap((it) => [one.call(put(it)), one.call(get)]));
    expect(answers.map(told)).toEqual(values.flatMap((it) => ['0 ', `1 ${it}`]));
    expect(seen.length).toBe(400);
    expect(seen.every(({ flags }) => (flags & FLAG.TYPED) !== 0)).toBe(true);
  });

  test('a refusal keeps its code, its sentence and its outcome', async () => {
    const { address } = await server(() => 'QUOTA_EXCEEDED');
    const answer = await client([address]).call(put('v'));
    expect(answer).toMatchObject({ code: 'QUOTA_EXCEEDED', outcome: 'not-applied' });
  });

  test('where nobody listens nothing was applied', async () => {
    const answer = await client([await deadAddress()]).call(put('v'));
    expect(answer).toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
  });

  test('a write whose connection ends is uncertain and is not sent again', async () => {
    const { address, seen } = await server(closeAt(REQUEST.PUT));
    const answer = await client([address]).call(put('v'));
    expect(answer).toMatchObject({ code: 'UNCERTAIN', outcome: 'unknown' });
    expect(seen.length).toBe(1);
  });

  test('a write not answered in time is uncertain, and the connection is given up', async () => {
    const opened = await server(({ command }) => (command === REQUEST.PUT ? 'silence' : 'answer'));
    const one = client([opened.address], 50);
    expect(told(await one.call(put('v')))).toBe('UNCERTAIN');
    expect(told(await one.call(get))).toBe('2 ');
    expect(opened.connections).toBe(2);
  });

  test('what is not of this protocol is refused, not waited for', async () => {
    const other = net.createServer((socket) => {
      socket
        .on('error', () => {})
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    toClose.push({ close: () => new Promise((resolve) => other.close(resolve)) });
    const { port } = other.address() as net.AddressInfo;
    const answer = await client([{ host: '127.0.0.1', port }]).call(get);
    expect(answer).toMatchObject({ code: 'UNAVAILABLE' });
    expect((answer as { message: string }).message).toContain('does not speak this protocol');
  });
});

describe('several addresses', () => {
  test('a dead one is passed over, for writes too: nothing was sent to it', async () => {
    const { address, store } = await server();
    const answer = await client([await deadAddress(), address]).call(put('v'));
    expect(told(answer)).toBe('0 ');
    expect(store.get('k')).toBe('v');
  });

  test('a read whose connection ends is asked at the next', async () => {
    const first = await server(closeAt(REQUEST.GET));
    const second = await server();
    second.store.set('k', 'there');
    expect(told(await client([first.address, second.address]).call(get))).toBe('1 there');
  });

  test('a write whose connection ends is not: the next node never sees it', async () => {
    const first = await server(closeAt(REQUEST.PUT));
    const second = await server();
    const one = client([first.address, second.address]);
    expect(told(await one.call(put('v')))).toBe('UNCERTAIN');
    expect(second.seen).toEqual([]);
  });

  test('a node that does not serve is left for the next, each asked once', async () => {
    const first = await server(() => 'NO_LEADER');
    const second = await server(() => 'UNAVAILABLE');
    const third = await server();
    const all = [first.address, second.address, third.address];
    expect(told(await client(all).call(put('v')))).toBe('0 ');
    const two = await client(all.slice(0, 2)).call(put('v'));
    expect(told(two)).toBe('UNAVAILABLE');
    expect([first.seen.length, second.seen.length]).toEqual([2, 2]);
  });

  test('a read with a write behind it is not repeated: it could see that write', async () => {
    const first = await server(closeAt(REQUEST.PUT));
    const second = await server();
    const one = client([first.address, second.address]);
    // Of the read nothing comes back: its answer goes down with the connection.
    const silent = await server(({ command }) => (command === REQUEST.GET ? 'silence' : 'close'));
    const two = client([silent.address, second.address]);
    const lost = await Promise.all([two.call(get), two.call(put('v'))]);
    expect(lost.map(told)).toEqual(['UNAVAILABLE', 'UNCERTAIN']);
    const answered = await Promise.all([one.call(get), one.call(put('v'))]);
    expect(answered.map(told)[1]).toBe('UNCERTAIN');
    expect(second.seen).toEqual([]);
  });

  test('after a failure later requests go on elsewhere, in their order', async () => {
    let isUp = true;
    const first = await server(() => (isUp ? 'answer' : 'close'));
    const second = await server();
    const one = client([first.address, second.address]);
    expect(told(await one.call(put('a')))).toBe('0 ');
    isUp = false;
    expect(told(await one.call(put('b')))).toBe('UNCERTAIN');
    await first.close();
    toClose.splice(toClose.indexOf(first), 1);
    const answers = await Promise.all(
      ['c', 'd', 'e'].flatMap((it) => [one.call(put(it)), one.call(get)]),
    );
    expect(answers.map(told)).toEqual(['0 ', '1 c', '0 ', '1 d', '0 ', '1 e']);
  });
});
