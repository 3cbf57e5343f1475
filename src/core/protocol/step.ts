/**
 * The wire protocol, server side: bytes of one connection become rows for the node.
 *
 * One state per connection; the outbox belongs to the turn and is shared by all of them. The
 * machine answers nothing by itself: replies are written by writer.ts when the node has them.
 */
import { NEVER } from '../../base/units.ts';
import type { Core } from '../core.ts';
import { checkProtocol } from './check.ts';
import type { ProtocolOut } from './requests.ts';
import {
  initProtocol,
  type ProtocolConfig,
  type ProtocolEvent,
  type ProtocolState,
} from './state.ts';
import { receive } from './stream.ts';

export const protocol: Core<ProtocolConfig, ProtocolState, ProtocolEvent, ProtocolOut> = {
  init: initProtocol,
  step(state, event, _now, out) {
    receive(state, event.bytes, out);
  },
  deadline: () => NEVER,
  check: checkProtocol,
};
