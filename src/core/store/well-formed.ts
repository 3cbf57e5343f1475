/**
 * Which commands make sense at all: operations, the flags they know, and operands where they belong.
 *
 * A flag or an operand that an operation does not know makes the command MALFORMED: ignoring it
 * would promise something that is not done.
 */
import { COMMAND_FLAG, type CommandView } from '../command.ts';
import { KEY_BYTES_MAX, OPERATION } from '../types.ts';

const { SESSION, DEADLINE, IF_ABSENT, IF_PRESENT, KEEP_DEADLINE, RETURN_OLD } = COMMAND_FLAG;
const UNKNOWN = -1;

/** Flags that make sense, by operation; UNKNOWN for what is no write of ours. */
const FLAGS_ALLOWED = flagsAllowed();

function flagsAllowed(): Int16Array {
  const table = new Int16Array(256).fill(UNKNOWN);
  table[OPERATION.PUT] = SESSION | DEADLINE | IF_ABSENT | IF_PRESENT | KEEP_DEADLINE | RETURN_OLD;
  table[OPERATION.DELETE] = SESSION | RETURN_OLD;
  table[OPERATION.COMPARE_AND_SWAP] = SESSION | DEADLINE | KEEP_DEADLINE;
  table[OPERATION.INCREMENT] = SESSION;
  table[OPERATION.APPEND] = SESSION;
  table[OPERATION.EXPIRE] = SESSION | DEADLINE;
  table[OPERATION.PERSIST] = SESSION;
  table[OPERATION.FLUSH_ALL] = SESSION;
  table[OPERATION.OPEN_SESSION] = 0;
  table[OPERATION.CLOSE_SESSION] = SESSION;
  table[OPERATION.SETTINGS] = SESSION;
  return table;
}

/** Whether the command's flags and operands are those of its operation. */
export function isWellFormed({ operation, flags, keyBytes, valueBytes }: CommandView): boolean {
  const allowed = FLAGS_ALLOWED[operation]!;
  if (allowed === UNKNOWN || (flags & ~allowed) !== 0 || keyBytes > KEY_BYTES_MAX) return false;
  if ((flags & (DEADLINE | KEEP_DEADLINE)) === (DEADLINE | KEEP_DEADLINE)) return false;
  if ((flags & (IF_ABSENT | IF_PRESENT)) === (IF_ABSENT | IF_PRESENT)) return false;
  switch (operation) {
    case OPERATION.DELETE:
    case OPERATION.PERSIST:
      return valueBytes === 0;
    case OPERATION.EXPIRE:
      return valueBytes === 0 && (flags & DEADLINE) !== 0;
    case OPERATION.FLUSH_ALL:
    case OPERATION.OPEN_SESSION:
    case OPERATION.CLOSE_SESSION:
      return keyBytes === 0 && valueBytes === 0;
    case OPERATION.SETTINGS:
      return keyBytes === 0;
    default:
      return true;
  }
}
