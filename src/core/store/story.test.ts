/**
 * Golden transcripts: a log told entry by entry, and a snapshot byte by byte.
 *
 * `vitest run src/core/store/story.test.ts -u` rewrites testdata/; read the difference. A change of
 * story.txt is a change of what replicas answer; a change of snapshot.txt is a change of a format
 * that lies on disks.
 */
import { expect, test } from 'vitest';
import { toHex } from '../../base/bytes.ts';
import { COMMAND_FLAG } from '../command.ts';
import { OPERATION, STATUS } from '../types.ts';
import { bytesOf, type Command, digits, dump, keyed, put, Replica } from './fixture.ts';
import { swap } from './model.ts';
import { contentDigest } from './state.ts';

const nameOf = (table: Readonly<Record<string, number>>, value: number): string =>
  Object.entries(table).find(([, known]) => known === value)![0];

const SESSION = 4;
const inSession = (sequence: number, lowestUnacknowledged: number): Partial<Command> => ({
  session: SESSION,
  sequence,
  lowestUnacknowledged,
});

const LOG: readonly { readonly stamp: number; readonly commands: readonly Command[] }[] = [
  { stamp: 1000, commands: [put('a', 'one'), put('b', '2', { deadline: 1500 }), put('c', '')] },
  { stamp: 1000, commands: [{ operation: OPERATION.OPEN_SESSION }] },
  {
    stamp: 1100,
    commands: [
      keyed(OPERATION.INCREMENT, 'b', { value: digits(40), ...inSession(0, 0) }),
      keyed(OPERATION.INCREMENT, 'b', { value: digits(40), ...inSession(0, 0) }),
      keyed(OPERATION.APPEND, 'a', { value: bytesOf(' two'), ...inSession(1, 0) }),
    ],
  },
  {
    stamp: 1200,
    commands: [
      keyed(OPERATION.COMPARE_AND_SWAP, 'a', { value: swap('one', 'x') }),
      keyed(OPERATION.COMPARE_AND_SWAP, 'a', { value: swap('one two', 'three') }),
      put('c', 'w', { flags: COMMAND_FLAG.IF_ABSENT }),
      keyed(OPERATION.DELETE, 'c', { flags: COMMAND_FLAG.RETURN_OLD, ...inSession(2, 1) }),
      keyed(OPERATION.INCREMENT, 'a', { value: digits(1), ...inSession(0, 1) }),
    ],
  },
  { stamp: 1500, commands: [keyed(OPERATION.EXPIRE, 'a', { deadline: 9000 })] },
  { stamp: 1501, commands: [keyed(OPERATION.PERSIST, 'b'), put('d', 'v', { flags: 64 })] },
];

function tell(replica: Replica): string {
  let story = '';
  for (const { stamp, commands } of LOG) {
    const rows = replica.run(commands, stamp);
    const { appliedIndex, chainHigh, chainLow, table, revision } = replica.state;
    story += `entry ${appliedIndex} at ${stamp}\n----\n`;
    rows.forEach((row, at) => {
      const { operation, key, session, sequence } = commands[at]!;
      const within = session === undefined ? '' : ` in ${session}/${sequence}`;
      const name = nameOf(OPERATION, operation);
      const of = key === undefined ? '' : ` ${String.fromCharCode(...key)}`;
      const value = row.value === '' ? '' : ` "${row.value}"`;
      story += `${name}${of}${within} → ${nameOf(STATUS, row.status)} @${row.revision}${value}\n`;
    });
    const chain = [chainHigh, chainLow].map((word) => word.toString(16).padStart(8, '0')).join('');
    story += `keys ${table.keys} bytes ${table.logicalBytes} revision ${revision} chain ${chain}\n\n`;
  }
  return `${story}${dump(replica.state).join('\n')}\n`;
}

test('a log is answered as it always was', async () => {
  await expect(tell(Replica.formed())).toMatchFileSnapshot('testdata/story.txt');
});

test('a snapshot has the bytes it always had', async () => {
  const replica = Replica.formed();
  tell(replica);
  const lines = (toHex(replica.snapshot()).match(/.{1,32}/g) ?? []).map(
    (line, at) => `${(at * 16).toString(16).padStart(4, '0')}  ${line}`,
  );
  const { high, low } = contentDigest(replica.state);
  const digest = `digest ${high.toString(16).padStart(8, '0')} ${low.toString(16).padStart(8, '0')}`;
  await expect(`${[...lines, digest].join('\n')}\n`).toMatchFileSnapshot('testdata/snapshot.txt');
});
