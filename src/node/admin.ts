/** What an operator asks of a node. */
import { unreachable } from '../base/assert.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import type { AdminRequest } from './contract.ts';
import { stepRaft } from './drain.ts';
import { isLeading } from './group.ts';
import { findGroup, type NodeState } from './state.ts';
import { beginStopping } from './stopping.ts';

export function obey(node: NodeState, request: AdminRequest): void {
  if (request.kind === 'stop') {
    beginStopping(node);
    return;
  }
  const group = findGroup(node, request.group);
  if (group === null) return;
  switch (request.kind) {
    case 'transfer': {
      const { voters } = currentConfiguration(group.raft);
      const target = voters.find(({ id }) => id === request.target);
      if (target !== undefined && isLeading(group))
        stepRaft(node, group, { kind: 'transfer', target });
      break;
    }
    case 'snapshot':
      group.isSnapshotWanted = true;
      break;
    case 'reconfigure': {
      const { voters, learners } = request;
      stepRaft(node, group, { kind: 'reconfigure', voters, learners, wall: node.wall });
      break;
    }
    default:
      unreachable(request);
  }
}
