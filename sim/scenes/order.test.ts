/** What one connection may count on: its requests are executed in the order in which they were sent. */
import { expect, test } from 'vitest';
import { DirectClient, insist } from './direct-client.ts';
import { Scene } from './scene.ts';

test('a read shows no less than the read before it, though that one waits for somebody’s write', () => {
  const scene = new Scene(1, {}, { clients: 0 });
  insist(scene, (client) => client.put('k', 'old'));
  const writer = new DirectClient(scene, 1);
  const reader = new DirectClient(scene, 1);
  // They come in one turn: the read is executed with the entry, when that is on the disk.
  writer.put('k', 'new');
  reader.get('k');
  const { scheduler } = scene.cluster.world;
  scheduler.runUntil(scheduler.nowUs() + 120);
  // This one comes while the disk is at work.
  reader.get('k');
  expect(reader.answer()).not.toBe(null);
  expect(reader.told.map(({ value }) => value)).toEqual(['new', 'new']);
  expect(scene.outcome()).toBe('well');
});
