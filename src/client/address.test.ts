import { expect, test } from 'vitest';
import { addressText, parseAddresses } from './address.ts';

test('several addresses keep their order and lose their repetitions', () => {
  expect(parseAddresses('127.0.0.1:7001, db.example:7002,[::1]:7003,127.0.0.1:7001')).toEqual([
    { host: '127.0.0.1', port: 7001 },
    { host: 'db.example', port: 7002 },
    { host: '::1', port: 7003 },
  ]);
});

test.each(['', 'host', 'host:', ':7001', 'host:0', 'host:65536', '::1:7001', 'a b:1', 'h:1,'])(
  'refuses "%s" and says which part',
  (text) => {
    expect(parseAddresses(text)).toMatch(/is not HOST:PORT$/);
  },
);

test.each(['127.0.0.1:7001', '[::1]:7001'])('prints %s as it was written', (text) => {
  const [address] = parseAddresses(text) as { host: string; port: number }[];
  expect(addressText(address!)).toBe(text);
});
