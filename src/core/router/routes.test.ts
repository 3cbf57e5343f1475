import { expect, test } from 'vitest';
import { groupId, NOBODY, nodeId, term } from '../../base/units.ts';
import { leaderOf, learnLeader, newRouteTable, redirectOf, stepDown } from './routes.ts';

const GROUP = groupId(0);
const SELF = nodeId(1);
const OTHER = nodeId(2);

const newTable = () => newRouteTable(SELF, 2);
const news = (inTerm: number, leader: number, group = 0) => ({
  group: groupId(group),
  term: term(inTerm),
  leader: nodeId(leader),
});

test('at first no leader is known', () => {
  expect(leaderOf(newTable(), GROUP)).toBe(NOBODY);
});

test('a newer term replaces the hint, an older one never does', () => {
  const table = newTable();
  learnLeader(table, news(3, OTHER));
  learnLeader(table, news(2, 3));
  expect(leaderOf(table, GROUP)).toBe(OTHER);
  learnLeader(table, news(4, 3));
  expect(leaderOf(table, GROUP)).toBe(3);
});

test('a newer term without a leader voids the old one', () => {
  const table = newTable();
  learnLeader(table, news(3, OTHER));
  learnLeader(table, news(4, NOBODY));
  expect(leaderOf(table, GROUP)).toBe(NOBODY);
  learnLeader(table, news(3, OTHER));
  expect(leaderOf(table, GROUP)).toBe(NOBODY);
});

test('silence within a term does not forget who leads it', () => {
  const table = newTable();
  learnLeader(table, news(3, OTHER));
  learnLeader(table, news(3, NOBODY));
  expect(leaderOf(table, GROUP)).toBe(OTHER);
});

test('a node that stepped down never routes to itself, in the same term or a later one', () => {
  const table = newTable();
  learnLeader(table, news(3, SELF));
  stepDown(table, GROUP);
  expect(leaderOf(table, GROUP)).toBe(NOBODY);

  learnLeader(table, news(4, SELF));
  learnLeader(table, news(4, NOBODY));
  expect(leaderOf(table, GROUP)).toBe(NOBODY);

  learnLeader(table, news(5, SELF));
  learnLeader(table, news(6, NOBODY));
  expect(leaderOf(table, GROUP)).toBe(NOBODY);
});

test('late news that this node leads does not bring back a term it has surrendered', () => {
  const table = newTable();
  learnLeader(table, news(3, SELF));
  stepDown(table, GROUP);
  learnLeader(table, news(3, SELF));
  expect(leaderOf(table, GROUP)).toBe(NOBODY);
  learnLeader(table, news(4, SELF));
  expect(leaderOf(table, GROUP)).toBe(SELF);
});

test("stepping down leaves another's hint alone", () => {
  const table = newTable();
  learnLeader(table, news(3, OTHER));
  stepDown(table, GROUP);
  expect(leaderOf(table, GROUP)).toBe(OTHER);
});

test('two leaders in one term are a broken election', () => {
  const table = newTable();
  learnLeader(table, news(3, OTHER));
  expect(() => learnLeader(table, news(3, 3))).toThrow(/election-safety/);
});

test('groups are independent', () => {
  const table = newTable();
  learnLeader(table, news(9, OTHER, 1));
  expect(leaderOf(table, GROUP)).toBe(NOBODY);
  expect(leaderOf(table, groupId(1))).toBe(OTHER);
});

test('a redirect needs a leader and its advertised address', () => {
  const table = newTable();
  expect(redirectOf(table, GROUP)).toBeNull();
  learnLeader(table, news(1, OTHER));
  expect(redirectOf(table, GROUP)).toBeNull();
  table.addresses.set(OTHER, '127.0.0.1:7002');
  expect(redirectOf(table, GROUP)).toBe('127.0.0.1:7002');
});
