import { expect, test } from 'vitest';
import { clearList } from './lists.ts';

test('a list that is cleared is empty, and the same list', () => {
  const list = [1, 2, 3];
  const same = list;
  clearList(list);
  expect(same).toEqual([]);
  clearList(list);
  expect(same).toEqual([]);
});
