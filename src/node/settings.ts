/** Replicated settings came into force in a group's store: whoever else goes by them is told. */
import { buildRing } from '../core/router/ring.ts';
import type { Settings } from '../core/types.ts';
import { stepRaft } from './drain.ts';
import type { Group } from './group.ts';
import { stepWal } from './persist.ts';
import type { NodeState } from './state.ts';

export function obeySettings(node: NodeState, group: Group, settings: Settings): void {
  const { durability } = settings;
  stepRaft(node, group, { kind: 'durability', durability });
  if (group.id === 0) stepWal(node, { kind: 'durability', durability });
  if (node.ring === null) node.ring = buildRing(settings.groupCount);
}
