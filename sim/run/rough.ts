/**
 * Rough commands: what no decent client asks, proposed at whoever leads. Every operation with every
 * flag, deadlines in the past, numbers at the end of their range, sessions whose sequences are far
 * off, repeated, or below the floor, or that are closed; settings changed while everybody works, or
 * to what no setting may be.
 *
 * Nobody learns the answers and no client touches these keys, so they are in no history: what comes
 * of them is judged by the reference (sim/check/reference). The sessions are those that nobody owns:
 * opened here, or lost by a client before it was told.
 */
import { asciiBytes } from '../../src/base/text.ts';
import type { GroupId } from '../../src/base/units.ts';
import { COMMAND_FLAG, encodeCommand, encodeSwap } from '../../src/core/command.ts';
import { OPERATION } from '../../src/core/types.ts';
import type { Group } from '../../src/node/group.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { Cluster } from './cluster.ts';
import { recur } from './recur.ts';
import { drawSettings } from './rough-settings.ts';
import { newestLeader } from './seats.ts';

const ROUGH_EVENT = eventKind('rough');
const WRITES_MAX = 400;
const KEYS = 4;
const NO_KEY = new Uint8Array(0);
const VALUES = [
  ...['0', '7', '-3', '', 'b', 'bb', 'bbb', '9223372036854775807', '-9223372036854775808', '007'],
  // Larger than a result that is kept; larger than a page of the slab has slots for.
  ...['x'.repeat(4_200), 'y'.repeat(4_200), 'z'.repeat(17_000)],
];
const PUT_FLAGS = [
  ...[0, COMMAND_FLAG.RETURN_OLD, COMMAND_FLAG.RETURN_OLD, COMMAND_FLAG.IF_ABSENT],
  COMMAND_FLAG.KEEP_DEADLINE,
  COMMAND_FLAG.IF_PRESENT | COMMAND_FLAG.RETURN_OLD,
];

type Command = Parameters<typeof encodeCommand>[0];

const CLOSED_PERMILLE = 80;
/** Every fourth run has crowds of keys, of so many at once. */
const CROWDS = [0, 0, 0, 8];
const CROWD = 80;
const CROWD_KEYS = 600;
const CROWD_PERMILLE = 100;
const CLOSE: Command = { operation: OPERATION.CLOSE_SESSION };

export interface Owners {
  /** Whether a client uses the session, or may yet be told that it is its own. */
  readonly mayOwn: (session: number) => boolean;
}

export class RoughCommands {
  readonly #cluster: Cluster;
  readonly #owners: Owners;
  readonly #stream: Stream;
  #count = 0;
  #crowds: number;
  isOver = false;

  constructor(cluster: Cluster, owners: Owners) {
    this.#cluster = cluster;
    this.#owners = owners;
    this.#stream = cluster.world.streams.stream('rough');
    this.#crowds = this.#stream.pick(CROWDS);
  }

  /** Writes about every `meanMs`; never if that is 0. */
  start(meanMs: number): void {
    const { scheduler } = this.#cluster.world;
    recur({ scheduler, kind: ROUGH_EVENT, stream: this.#stream, meanMs }, () => {
      if (this.isOver || this.#count++ >= WRITES_MAX) return 'over';
      this.#write();
      return 'again';
    });
  }

  #write(): void {
    const group = this.#stream.below(this.#cluster.config.node.settings.groupCount) as GroupId;
    if (this.#crowds > 0 && this.#stream.permille(CROWD_PERMILLE)) {
      this.#crowds--;
      this.#propose(group, (_led, wall) => this.#crowd(wall));
      return;
    }
    const count = this.#stream.between(1, 3);
    this.#propose(group, (led, wall) => Array.from({ length: count }, () => this.#draw(led, wall)));
  }

  /** So many keys that tables grow, and shrink when their time is over; every other one has none. */
  #crowd(wall: number): Uint8Array[] {
    const stream = this.#stream;
    return Array.from({ length: CROWD }, () => {
      const key = asciiBytes(`m${stream.below(CROWD_KEYS)}`);
      const value = asciiBytes('v'.repeat(stream.below(20)));
      const deadline = wall + stream.between(500, 8_000);
      const mayEnd = stream.permille(500) ? { deadline } : {};
      return encodeCommand({ operation: OPERATION.PUT, key, value, ...mayEnd });
    });
  }

  #propose(group: GroupId, commandsFor: (led: Group, wall: number) => Uint8Array[]): void {
    const leader = newestLeader(this.#cluster, group)?.config.self.id ?? null;
    const node = leader === null ? null : this.#cluster.node(leader);
    const led = node?.state.groups.find(({ id }) => id === group);
    if (node === null || led === undefined) return;
    const commands = commandsFor(led, node.state.wall);
    this.#cluster.admin(leader!, { kind: 'propose', group, commands });
  }

  #draw(group: Group, wall: number): Uint8Array {
    const command = this.#drawOnKey(wall);
    const isOpening = command.operation === OPERATION.OPEN_SESSION;
    if (isOpening || this.#stream.permille(400)) return encodeCommand(command);
    const place = this.#drawPlace(group);
    const isClosing = place.session !== undefined && this.#stream.permille(CLOSED_PERMILLE);
    return encodeCommand({ ...(isClosing ? CLOSE : command), ...place });
  }

  /** A session and a place in it; nothing where nobody's session is there. */
  #drawPlace({ store }: Group): Partial<Command> {
    const stream = this.#stream;
    const free = store.sessions.all().filter(({ id }) => !this.#owners.mayOwn(id));
    if (free.length === 0) return {};
    const { id: session, floor, results } = stream.pick(free);
    const held = results.sequences(floor);
    const near = [floor, floor + 1, floor + stream.below(6), Math.max(0, floor - 1)];
    const isRetry = stream.permille(400) && held.length > 0;
    const sequence = stream.pick(isRetry ? held : [...near, floor + 1_023, floor + 1_024]);
    const lowestUnacknowledged = stream.pick([
      0,
      0,
      0,
      0,
      floor,
      sequence,
      floor + stream.below(4),
    ]);
    return { session, sequence, lowestUnacknowledged };
  }

  #drawOnKey(wall: number): Command {
    const stream = this.#stream;
    const key = asciiBytes(`u${stream.below(KEYS)}`);
    const text = stream.pick(VALUES);
    const value = asciiBytes(text);
    const deadline = wall + stream.pick([-50, 0, 1, 20, 100, 1_000, 3_000]);
    const mayEnd = stream.permille(500) ? { deadline } : {};
    const flags = stream.pick(PUT_FLAGS);
    const expected = stream.permille(300) ? null : asciiBytes(stream.pick(VALUES));
    switch (stream.weighted([5, 2, 3, 3, 2, 2, 1, 2, 1])) {
      case 0:
        if (flags === COMMAND_FLAG.KEEP_DEADLINE)
          return { operation: OPERATION.PUT, key, value, flags };
        return { operation: OPERATION.PUT, key, value, flags, ...mayEnd };
      case 1:
        return { operation: OPERATION.DELETE, key, flags: flags & COMMAND_FLAG.RETURN_OLD };
      case 2:
        return {
          ...{ operation: OPERATION.COMPARE_AND_SWAP, key, ...mayEnd },
          value: encodeSwap(expected, value),
        };
      case 3:
        return { operation: OPERATION.INCREMENT, key, value };
      case 4:
        return { operation: OPERATION.APPEND, key, value };
      case 5:
        return { operation: OPERATION.EXPIRE, key, deadline };
      case 6:
        return { operation: OPERATION.PERSIST, key };
      case 7:
        return { operation: OPERATION.OPEN_SESSION };
      default:
        return { operation: OPERATION.SETTINGS, key: NO_KEY, value: this.#drawSettings() };
    }
  }

  #drawSettings(): Uint8Array {
    return drawSettings(this.#stream, this.#cluster.config.node.settings);
  }
}
