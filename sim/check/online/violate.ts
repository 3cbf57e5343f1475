import type { CheckerName } from '../../../src/base/assert.ts';
import { InvariantViolation } from '../../../src/base/assert.ts';

export function violate(checker: CheckerName, message: string): never {
  throw new InvariantViolation(checker, message);
}
