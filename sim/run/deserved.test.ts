import { expect, test } from 'vitest';
import { checkDeserved } from './deserved.ts';

test('what the cluster may run into is no violation', () => {
  for (const code of ['OVERLOADED', 'UNCERTAIN', 'SESSION_EXPIRED', 'QUOTA_EXCEEDED', null]) {
    expect(() => checkDeserved(code)).not.toThrow();
  }
});

test('what only a wrong request earns is one', () => {
  expect(() => checkDeserved('MALFORMED')).toThrow('refused with MALFORMED');
  expect(() => checkDeserved('SEQUENCE_BELOW_FLOOR')).toThrow('nothing it asked deserves');
});
