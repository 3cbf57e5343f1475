/**
 * Whether the members of a calm world agree, and if not, whose property is broken.
 *
 * Who is up must be held alive by everybody who is up, at its present incarnation and address. Who
 * is down must not be held alive or suspect by anybody.
 */
import type { CheckerName } from '../../src/base/assert.ts';
import { isLive } from '../../src/core/swim/state.ts';
import type { SwimMember } from './member.ts';

export interface Disagreement {
  readonly checker: CheckerName;
  readonly text: string;
}

/** The first disagreement in the order of ids, or null. */
export function findDisagreement(members: readonly SwimMember[]): Disagreement | null {
  const observers = members.filter((member) => member.isUp());
  for (const observer of observers) {
    for (const subject of members) {
      if (subject === observer) continue;
      const found = disagreementAbout(observer, subject);
      if (found !== null) return found;
    }
  }
  return null;
}

function disagreementAbout(observer: SwimMember, subject: SwimMember): Disagreement | null {
  const view = textOf(observer, subject);
  if (!subject.isUp()) {
    if (!holdsLive(observer, subject)) return null;
    const text = `${observer.id} holds ${subject.id} ${view}, though it is down`;
    return { checker: 'swim-completeness', text };
  }
  const wanted = `alive@${subject.state.incarnation} at ${subject.address}`;
  if (view === wanted) return null;
  const text = `${observer.id} holds ${subject.id} ${view}, though it is ${wanted}`;
  // Two that do not speak at all have lost each other; one that speaks is not believed.
  const lost = !holdsLive(observer, subject) && !holdsLive(subject, observer);
  return { checker: lost ? 'liveness' : 'swim-accuracy', text };
}

function holdsLive(observer: SwimMember, subject: SwimMember): boolean {
  const held = observer.state.members.get(subject.id);
  return held !== undefined && isLive(held.state);
}

function textOf(observer: SwimMember, subject: SwimMember): string {
  const held = observer.state.members.get(subject.id);
  if (held === undefined) return 'unknown';
  return `${held.state}@${held.incarnation} at ${held.address}`;
}

/** Everybody who is up and holds `subject` otherwise than in one of `states`. */
export function holdOtherwise(
  members: readonly SwimMember[],
  subject: SwimMember,
  states: readonly string[],
): SwimMember[] {
  return members.filter((observer) => {
    if (observer === subject || !observer.isUp()) return false;
    const held = observer.state.members.get(subject.id);
    return !states.includes(held?.state ?? 'forgotten');
  });
}
