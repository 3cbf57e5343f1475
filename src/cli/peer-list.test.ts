import { expect, test } from 'vitest';
import { addressText, parsePeers } from './peer-list.ts';
import { parseInteger, parseSize } from './quantities.ts';

test('a list of peers: names, both kinds of addresses, spaces, a port of its own for peers', () => {
  expect(parsePeers('127.0.0.1:7002:2, node-3.example:7003:3,[::1]:7004/7104:4,')).toEqual([
    { id: 2, host: '127.0.0.1', port: 7002, peerPort: 7002 },
    { id: 3, host: 'node-3.example', port: 7003, peerPort: 7003 },
    { id: 4, host: '::1', port: 7004, peerPort: 7104 },
  ]);
  expect(parsePeers('')).toEqual([]);
});

test.each([
  ['localhost', 'is not HOST:PORT:ID'],
  ['localhost:7001', 'is not HOST:PORT:ID'],
  ['::1:7001:1', 'is not HOST:PORT:ID'],
  ['localhost:0:1', 'is not HOST:PORT:ID'],
  ['localhost:63536:1', 'is not HOST:PORT:ID'],
  ['localhost:7001:0', 'is not HOST:PORT:ID'],
  ['localhost:7001:65536', 'is not HOST:PORT:ID'],
  ['a:7001:1,b:7001:1', 'two peers have the id 1'],
  ['a:7001:1,a:7001:2', 'two peers have the address a:7001'],
])('%s is refused', (text, reason) => {
  expect(parsePeers(text)).toContain(reason);
});

test('addresses are written as they are read', () => {
  expect(addressText('::1', 7001)).toBe('[::1]:7001');
  expect(addressText('127.0.0.1', 7001)).toBe('127.0.0.1:7001');
});

test('sizes as people write them', () => {
  expect(['4096', '64MiB', '1.5 GB', '1KiB', '10kB', '0B'].map(parseSize)).toEqual([
    4096, 67_108_864, 1_500_000_000, 1024, 10_000, 0,
  ]);
  expect(['', 'MiB', '-1', '1 M', '1e3', '64mib', '9999999TiB'].map(parseSize)).toEqual(
    Array(7).fill(null),
  );
});

test('integers within bounds, and nothing else', () => {
  expect(['1', '10', '007'].map((text) => parseInteger(text, 1, 10))).toEqual([1, 10, 7]);
  expect(
    ['0', '11', '1.0', '-1', '0x1', '', ' 1', '9'.repeat(16)].map((text) =>
      parseInteger(text, 1, 10),
    ),
  ).toEqual(Array(8).fill(null));
});
