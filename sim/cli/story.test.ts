import { expect, test } from 'vitest';
import type { Happening } from '../run/chronicle.ts';
import { columns, mermaid, sentences } from './story.ts';

const HAPPENINGS: readonly Happening[] = [
  { timeMs: 5, node: 1, what: 'loses power', target: 0 },
  { timeMs: 1_200, node: 2, what: 'votes for 3 in term 4', target: 3 },
  { timeMs: 1_300, node: 0, what: 'liveness: nobody answers', target: 0 },
];

test('sentences name the time, the node and what happened', () => {
  expect(sentences(HAPPENINGS, 9)).toEqual([
    '    0.005 s  node 1 loses power',
    '    1.200 s  node 2 votes for 3 in term 4',
    '    1.300 s  liveness: nobody answers',
  ]);
});

test('a long story keeps its end and says what it left out', () => {
  const told = sentences(HAPPENINGS, 1);
  expect(told[0]).toContain('2 earlier lines');
  expect(told[1]).toContain('nobody answers');
});

test('every node has a column', () => {
  const [head, first, second] = columns(HAPPENINGS, 3);
  expect(first!.indexOf('loses')).toBe(head!.indexOf('node 1'));
  expect(second!.indexOf('votes')).toBe(head!.indexOf('node 2'));
});

test('votes are arrows, the rest are notes', () => {
  expect(mermaid(HAPPENINGS, 3)).toEqual([
    'sequenceDiagram',
    '  participant n1 as node 1',
    '  participant n2 as node 2',
    '  participant n3 as node 3',
    '  note over n1: 0.005 s loses power',
    '  n2->>n3: 1.200 s votes for 3 in term 4',
    '  note over n1,n3: 1.300 s liveness: nobody answers',
  ]);
});
