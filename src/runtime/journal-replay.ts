/**
 * Replays a recorded run into a fresh node, whose ports answer what the recorded ones did.
 *
 * A node that asks for something that was not asked for at that point, or does not ask, has gone
 * another way; the replay then says where instead of going on.
 */
import { millis } from '../base/units.ts';
import type { NodeConfig } from '../node/config.ts';
import type { NodeDriver, NodePorts } from '../node/contract.ts';
import { decodeConfig, JOURNAL_VERSION, OutputDigest, RECORD, tappedPorts } from './journal.ts';
import { JournalReader } from './journal-bytes.ts';
import { readEvent } from './journal-events.ts';

export interface Replayed {
  readonly turns: number;
  readonly inputs: number;
  readonly digest: ReturnType<OutputDigest['value']>;
}

/** Thrown where the node goes another way than the recorded one. */
export class Diverged extends Error {
  constructor(position: number, what: string) {
    super(`the replay goes another way at byte ${position}: ${what}`);
    this.name = 'Diverged';
  }
}

export function replayJournal(
  journal: Uint8Array,
  newNode: (config: NodeConfig, ports: NodePorts) => NodeDriver,
): Replayed {
  const reader = new JournalReader(journal);
  const digest = new OutputDigest();
  const ask = (): number => {
    const { position } = reader;
    if (reader.isAtEnd || reader.u8() !== RECORD.ANSWER) {
      throw new Diverged(position, 'the node asks a port, the recorded one did not');
    }
    return reader.number();
  };
  const node = newNode(readStart(reader), tappedPorts(silentPorts(), ask, digest));
  let turns = 0;
  let inputs = 0;
  while (!reader.isAtEnd) {
    const { position } = reader;
    switch (reader.u8()) {
      case RECORD.INPUT:
        node.input(readEvent(reader));
        inputs++;
        break;
      case RECORD.TURN:
        node.turn(millis(reader.number()), reader.number(), reader.number());
        turns++;
        break;
      default:
        throw new Diverged(position, 'the recorded node asked a port, this one does not');
    }
  }
  return { turns, inputs, digest: digest.value() };
}

function readStart(reader: JournalReader): NodeConfig {
  if (reader.u8() !== RECORD.START) throw new RangeError('this is not a journal');
  const version = reader.u32();
  if (version !== JOURNAL_VERSION) throw new RangeError(`a journal of version ${version}`);
  return decodeConfig(reader.text());
}

/** Outputs end here; answers come from the journal. */
function silentPorts(): NodePorts {
  const nothing = (): void => {};
  const none = (): number => 0;
  return {
    memory: { allocate: (bytes) => new Uint8Array(bytes), scout: null },
    entropy: { word: none },
    disk: { submit: nothing, freeBytes: none },
    net: {
      keepsBytes: false,
      sendPeer: nothing,
      sendGossip: nothing,
      send: nothing,
      unsentBytes: none,
      pause: nothing,
      resume: nothing,
      close: nothing,
    },
  };
}
