/**
 * The golden story of three members, and what must hold of any story: the same events give the
 * same transcript, and no sequence of events breaks an invariant.
 *
 * `vitest run src/core/swim/story.test.ts -u` rewrites testdata/story.txt; read the difference. The
 * flag goes last: before the path it takes the path for its value, and every golden is rewritten.
 */
import { describe, expect, test } from 'vitest';
import { newPrng, nextBelow, nextWord, type Prng } from '../../base/prng.ts';
import { millis, nodeId } from '../../base/units.ts';
import { type Recorded, replay } from '../core.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';
import {
  type Change,
  type MemberState,
  newSwimOut,
  type SwimEvent,
  type SwimOut,
  type Update,
} from './state.ts';
import { swim } from './step.ts';
import { CLUSTER, claim, configOf } from './test-member.ts';
import { crash, feedMember, newWorld, restart, runFor, type World } from './test-world.ts';

const recordText = ({ id, state, incarnation }: Update | Change): string =>
  `${id} ${state}@${incarnation}`;

const claimText = (update: Update): string =>
  update.accuser === 0 ? recordText(update) : `${recordText(update)} by ${update.accuser}`;

function messageText(message: Message): string {
  const about = message.subject === 0 ? '' : ` about ${message.subject}`;
  const news = message.updates.map((update) => `, ${claimText(update)}`).join('');
  return `${message.kind} → ${message.target}${about} (${recordText(message.sender)}${news})`;
}

function outLines(out: SwimOut): string[] {
  const lines = out.changes.map((change) => `holds ${recordText(change)}`);
  for (const { bytes } of out.datagrams) lines.push(`sends ${messageText(decodeMessage(bytes)!)}`);
  return lines;
}

/** Every line that a world produced: changes and datagrams, by member and time. */
function tellStory(): string {
  const lines: string[] = [];
  const world = newWorld(3, 42, { probePeriodMs: 1000, reclaimAfterMs: 5000 });
  world.observe = (atMs, id, event, out) => {
    const heard = event.kind === 'datagram' ? decodeMessage(event.bytes) : null;
    const cause = heard === null ? event.kind : `${heard.kind} from ${heard.sender.id}`;
    for (const line of outLines(out)) {
      lines.push(`${String(atMs).padStart(6)}  ${id}  ${cause.padEnd(20)}  ${line}`);
    }
  };
  const chapter = (title: string, act: (world: World) => void, spanMs: number): void => {
    lines.push('', `# ${title}`);
    act(world);
    runFor(world, spanMs);
  };
  chapter('Three members start and find each other.', () => {}, 2500);
  chapter('Member 3 crashes.', () => crash(world, 3), 14_000);
  chapter('Member 3 restarts and tops what is said of it.', () => restart(world, 3), 3000);
  chapter('Member 2 leaves.', () => feedMember(world, 2, { kind: 'leave' }), 3000);
  return `${lines.join('\n').trimStart()}\n`;
}

describe('stories', () => {
  test('three members: start, crash, restart, leave', async () => {
    await expect(tellStory()).toMatchFileSnapshot('testdata/story.txt');
  });

  test('the same events give the same transcript', () => {
    const events = randomEvents(newPrng([1]), 2000);
    const transcript = (): string[] => {
      const lines: string[] = [];
      replay(swim, configOf(1, 5), events, newSwimOut, (_event, out) => {
        lines.push(...outLines(out));
      });
      return lines;
    };
    const first = transcript();
    expect(first.length).toBeGreaterThan(500);
    expect(transcript()).toEqual(first);
  });

  test('no sequence of events, however hostile, breaks an invariant', () => {
    for (let seed = 0; seed < 10; seed++) {
      const events = randomEvents(newPrng([seed, 7]), 1000);
      const config = configOf(1, 6, { membersMax: 8, forgetAfterMs: 20_000, reclaimAfterMs: 3000 });
      replay(swim, config, events, newSwimOut, (_event, out) => {
        for (const { bytes } of out.datagrams) expect(decodeMessage(bytes)).not.toBeNull();
      });
    }
  });
});

const KINDS = ['ping', 'ack', 'ping-request', 'gossip', 'sync', 'table', 'nack'] as const;
const STATES: readonly MemberState[] = ['alive', 'suspect', 'dead', 'left'];

function randomEvents(prng: Prng, count: number): Recorded<SwimEvent>[] {
  const events: Recorded<SwimEvent>[] = [];
  let now = 0;
  for (let at = 0; at < count; at++) {
    now += nextBelow(prng, 400);
    events.push({ now: millis(now), event: randomEvent(prng) });
  }
  return events;
}

function randomEvent(prng: Prng): SwimEvent {
  const dice = nextBelow(prng, 200);
  if (dice < 80) return { kind: 'tick' };
  if (dice < 90) return { kind: 'send-failed', peer: nodeId(1 + nextBelow(prng, 10)) };
  if (dice < 91) return { kind: 'leave' };
  if (dice < 94) {
    const id = nodeId(1 + nextBelow(prng, 12));
    return { kind: 'join', peers: [{ id, address: randomAddress(prng, id) }] };
  }
  const bytes = encodeMessage(randomMessage(prng));
  if (dice < 96) bytes[nextBelow(prng, bytes.length)] = nextWord(prng);
  return { kind: 'datagram', bytes };
}

function randomMessage(prng: Prng): Message {
  const updates = Array.from({ length: nextBelow(prng, 4) }, () =>
    randomClaim(prng, STATES[nextBelow(prng, 4)]!),
  );
  return {
    kind: KINDS[nextBelow(prng, KINDS.length)]!,
    target: nodeId(1),
    sequence: nextBelow(prng, 8),
    clusterId: CLUSTER,
    subject: nodeId(nextBelow(prng, 10)),
    sender: randomClaim(prng, nextBelow(prng, 10) === 0 ? 'left' : 'alive'),
    updates,
  };
}

function randomClaim(prng: Prng, state: MemberState): Update {
  const id = 1 + nextBelow(prng, 12);
  const said = claim(id, state, nextBelow(prng, 6), randomAddress(prng, id));
  return state === 'suspect' ? { ...said, accuser: nodeId(1 + nextBelow(prng, 12)) } : said;
}

const randomAddress = (prng: Prng, id: number): string =>
  nextBelow(prng, 8) === 0 ? `10.7.7.${id}:1` : `10.0.0.${id}:7946`;
