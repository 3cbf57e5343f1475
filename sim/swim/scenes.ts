/**
 * The second phase: the chaos is over, all must agree, and then a calm world is put to a few
 * questions whose right answers are known exactly.
 *
 * 1. Agreement: within `convergencePeriods`, all that are up hold each other alive and nobody else.
 * 2. From then on nobody who is up may be accused (the oracle's calm).
 * 3. One link is cut: with a helper there is no accusation.
 * 4. One crashes: all hold it dead within `detectionPeriods`. It comes back: all hold it alive.
 * 5. One leaves: all hold it left. It comes back from elsewhere, and at once, not after a grace.
 *
 * Then not so calm ones, in which there may be suspects, but nobody who is well may be held dead:
 *
 * 6. One datagram in ten is lost: nobody at all is held dead.
 * 7. One reads its mail late: of the others nobody holds another dead.
 * 8. Two halves are cut off from each other for so long that each forgets the other. Only the lists
 *    of addresses, which are read while somebody is not in the table, bring them together again.
 *
 * All agree again after each.
 */
import { assert, InvariantViolation } from '../../src/base/assert.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Stream } from '../world/streams.ts';
import { findDisagreement, holdOtherwise } from './agreement.ts';
import type { SwimMember } from './member.ts';
import type { SwimNetwork } from './network.ts';
import type { SwimOracle } from './oracle.ts';
import {
  convergencePeriods,
  detectionPeriods,
  loneDetectionPeriods,
  type SwimPlan,
  spreadPeriods,
} from './plan.ts';
import { beSlow } from './slowness.ts';

export interface SceneOptions {
  readonly plan: SwimPlan;
  readonly scheduler: Scheduler;
  readonly stream: Stream;
  readonly network: SwimNetwork;
  readonly oracle: SwimOracle;
  readonly members: readonly SwimMember[];
  readonly restart: (member: SwimMember, elsewhere: boolean) => void;
}

/** A period that our own bad health makes long, and the one after it. */
const SETTLING_PERIODS = 12;
const UNCALM_PERIODS = 60;

export function playScenes(options: SceneOptions): void {
  agree(options, convergencePeriods(options.plan));
  // A ping that the chaos swallowed may still become an accusation, and be refuted.
  runPeriods(options, SETTLING_PERIODS);
  agree(options, convergencePeriods(options.plan));
  options.oracle.isCalm = true;
  for (const scene of options.stream.shuffle([cutOneLink, crashOne, leaveOne])) scene(options);
  options.oracle.isCalm = false;
  for (const scene of options.stream.shuffle([loseSome, slowOne, forgetHalf])) scene(options);
}

/** Runs until all agree; the disagreement that is left after `periods` is the violation. */
function agree(options: SceneOptions, periods: number): void {
  runWhile(options, periods, () => findDisagreement(options.members) !== null);
  const left = findDisagreement(options.members);
  if (left !== null) {
    throw new InvariantViolation(left.checker, `after ${periods} periods: ${left.text}`);
  }
}

function runWhile(options: SceneOptions, periods: number, isWanted: () => boolean): void {
  for (let period = 0; period < periods && isWanted(); period++) runPeriods(options, 1);
}

/** True periods; a member's own may be longer or shorter by its clock's drift. */
function runPeriods(options: SceneOptions, periods: number): void {
  const { plan, scheduler } = options;
  const slackUs = plan.knobs.probePeriodMs * (1_000 + Math.ceil(plan.driftPpmMax / 500));
  scheduler.runUntil(scheduler.nowUs() + periods * slackUs);
}

const pickUp = (options: SceneOptions): SwimMember =>
  options.stream.pick(options.members.filter((member) => member.isUp()));

function cutOneLink(options: SceneOptions): void {
  const { members, network, stream, plan } = options;
  const ids = members.filter((member) => member.isUp()).map((member) => member.id);
  if (ids.length < 3) return;
  const [from, to] = stream.shuffle(ids);
  network.cut('cut', from!, to!);
  network.cut('cut', to!, from!);
  runPeriods(options, 3 * plan.members);
  network.mend('cut', from!, to!);
  network.mend('cut', to!, from!);
  // Probes under way may still need a helper that the next scene takes away.
  runPeriods(options, SETTLING_PERIODS);
}

function crashOne(options: SceneOptions): void {
  const { members, plan, restart, network, stream } = options;
  const victim = pickUp(options);
  victim.stop();
  // Its host may be gone (silence) or only its process (every send is refused).
  const isRefused = stream.permille(500);
  if (isRefused) for (const { id } of members) network.cut('send-error', id, victim.id);
  const periods = detectionPeriods(plan);
  const late = (): SwimMember[] => holdOtherwise(members, victim, ['dead', 'forgotten']);
  runWhile(options, periods, () => late().length > 0);
  const ids = late().map((observer) => observer.id);
  const message = `${ids} have not found ${victim.id} dead in ${periods} periods`;
  assert(ids.length === 0, 'swim-completeness', message);
  if (isRefused) for (const { id } of members) network.mend('send-error', id, victim.id);
  restart(victim, false);
  agree(options, returnPeriods(plan));
}

function leaveOne(options: SceneOptions): void {
  const { members, plan, restart } = options;
  const victim = pickUp(options);
  victim.take({ kind: 'leave' });
  const late = (): SwimMember[] => holdOtherwise(members, victim, ['left', 'forgotten']);
  const periods = detectionPeriods(plan);
  runWhile(options, periods, () => late().length > 0);
  const ids = late().map((observer) => observer.id);
  assert(ids.length === 0, 'swim-accuracy', `${ids} do not hold ${victim.id} left`);
  victim.stop();
  restart(victim, true);
  agree(options, returnPeriods(plan));
}

function loseSome(options: SceneOptions): void {
  const { oracle, network, plan } = options;
  oracle.isProtected = () => true;
  network.lose(100);
  runPeriods(options, UNCALM_PERIODS);
  network.lose(0);
  agree(options, convergencePeriods(plan));
  oracle.isProtected = null;
}

function slowOne(options: SceneOptions): void {
  const { oracle, scheduler, stream, plan } = options;
  const member = pickUp(options);
  oracle.isProtected = (observer, subject) => observer !== member.id && subject !== member.id;
  const lateUs = { min: 100_000, spread: 1_000_000, max: 30_000_000 };
  const end = beSlow({ member, scheduler, stream, lateUs });
  runPeriods(options, UNCALM_PERIODS);
  end();
  agree(options, convergencePeriods(plan));
  oracle.isProtected = null;
}

/** Where the dead are never forgotten, or many are to be run for long, there is no such scene. */
const FORGET_PERIODS_MAX = 200;
const HALVES_MAX = 12;

function forgetHalf(options: SceneOptions): void {
  const { members, network, stream, plan } = options;
  const forgetPeriods = Math.ceil(plan.knobs.forgetAfterMs / plan.knobs.probePeriodMs);
  if (forgetPeriods > FORGET_PERIODS_MAX || plan.members > HALVES_MAX) return;
  const ids = stream.shuffle(members.map(({ id }) => id));
  const near = ids.slice(0, stream.between(1, ids.length - 1));
  const paths = near.flatMap((from) => ids.slice(near.length).map((to) => [from, to] as const));
  for (const [from, to] of paths) {
    network.cut('cut', from, to);
    network.cut('cut', to, from);
  }
  runPeriods(options, loneDetectionPeriods(plan) + spreadPeriods(plan.members) + forgetPeriods);
  for (const [from, to] of paths) {
    network.mend('cut', from, to);
    network.mend('cut', to, from);
  }
  agree(options, convergencePeriods(plan));
}

/**
 * One whole table tells it what to top; then word has to spread. Its list of addresses may hold
 * somebody who is down, and nobody else accuses them any more.
 */
const returnPeriods = (plan: SwimPlan): number =>
  loneDetectionPeriods(plan) + spreadPeriods(plan.members) + 2 * plan.knobs.syncEveryPeriods;
