/** Invariants of comparing state hashes. */
import { assert } from '../../base/assert.ts';
import { sameMember } from '../members.ts';
import type { HashesState } from './state.ts';

export function checkHashes({ inquest, tiedIndex }: HashesState): void {
  assert(inquest !== null || tiedIndex === 0, 'internal', 'a tie that nobody found');
  if (inquest === null) return;
  const { chain, testimonies } = inquest;
  testimonies.forEach(({ member, chain: told }, at) => {
    assert(told.index === chain.index, 'index-order', 'chains of two indices compared');
    const isFirst = testimonies.findIndex((other) => sameMember(other.member, member)) === at;
    assert(isFirst, 'internal', 'a member testified twice');
  });
}
