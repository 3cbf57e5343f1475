import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../core/snapshots/work.ts';
import { arrowsOf } from './arrows.ts';
import { checkTransferStep, type TransferState, transferAt, transferChart } from './transfer.ts';

const receipt = (phase: Receipt['phase']): Receipt => ({ phase }) as Receipt;
const FIRST = receipt('arriving');
const SECOND = receipt('arriving');
const LANDED = receipt('landed');

const step = (
  [from, before]: readonly [TransferState, Receipt | null],
  [to, after]: readonly [TransferState, Receipt | null],
) => {
  return () => checkTransferStep({ state: from, receipt: before }, { state: to, receipt: after });
};

describe('a snapshot that comes from a leader', () => {
  test('arrives, lands, is loaded, and is over', () => {
    expect(step(['idle', null], ['arriving', FIRST])).not.toThrow();
    expect(step(['arriving', FIRST], ['landed', FIRST])).not.toThrow();
    expect(step(['landed', LANDED], ['loading', LANDED])).not.toThrow();
    expect(step(['loading', LANDED], ['idle', null])).not.toThrow();
  });

  test('may land and be loaded in one turn', () => {
    expect(step(['arriving', LANDED], ['loading', LANDED])).not.toThrow();
  });

  test('is never loaded before it has landed', () => {
    expect(step(['arriving', FIRST], ['loading', FIRST])).toThrow('has not landed');
    expect(step(['idle', null], ['loading', SECOND])).toThrow('has not landed');
    expect(step(['idle', null], ['loading', LANDED])).toThrow('never arrived');
  });

  test('does not land in the turn in which it began', () => {
    expect(step(['idle', null], ['landed', FIRST])).toThrow('never arrived');
    expect(step(['arriving', FIRST], ['landed', SECOND])).toThrow('never arrived');
  });

  test('never goes back, but another one may begin', () => {
    expect(step(['landed', FIRST], ['arriving', FIRST])).toThrow('no way');
    expect(step(['landed', FIRST], ['arriving', SECOND])).not.toThrow();
    expect(step(['arriving', FIRST], ['idle', null])).not.toThrow();
  });
});

test('what is seen of a group is a state of the chart', () => {
  const seen = (phase: Receipt['phase'] | null, isLoading: boolean): TransferState => {
    const files = { receipt: phase === null ? null : receipt(phase) } as never;
    return transferAt({ files, installing: isLoading ? ({} as never) : null }).state;
  };
  expect(seen(null, false)).toBe('idle');
  expect(seen('arriving', false)).toBe('arriving');
  expect(seen('landed', false)).toBe('landed');
  expect(seen('landed', true)).toBe('loading');
});

test('every state of the chart can be left and reached', () => {
  const arrows = arrowsOf(transferChart);
  for (const state of ['idle', 'arriving', 'landed', 'loading']) {
    expect(arrows.some(({ source }) => source === state)).toBe(true);
    expect(arrows.some(({ target }) => target === state)).toBe(true);
  }
});
