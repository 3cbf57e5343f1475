/** What an operator asks of a node. */
import { unreachable } from '../base/assert.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND } from '../core/entry.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import type { AdminRequest } from './contract.ts';
import { stepRaft } from './drain.ts';
import { type Group, isLeading } from './group.ts';
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
    case 'propose':
      for (const command of request.commands) propose(node, group, command);
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

/** An entry for which nobody waits. */
function propose(node: NodeState, group: Group, command: Uint8Array): void {
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES + command.length);
  bytes.set(command, ENTRY_HEADER_BYTES);
  const entryKind = ENTRY_KIND.COMMANDS;
  stepRaft(node, group, { kind: 'propose', entryKind, count: 1, bytes, wall: node.wall });
}
