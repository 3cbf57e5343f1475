import { describe, expect, test } from 'vitest';
import { NO_RESTART, RESTARTS } from '../node/supervision.ts';
import type { Clock } from './clock.ts';
import type { Helper } from './helper.ts';
import { DaemonLog } from './log.ts';
import { Supervisor } from './supervisor.ts';

/** Time that a test moves. */
class StillClock implements Clock {
  #rings: { readonly at: number; readonly ring: () => void }[] = [];
  #now = 0;

  readonly now = (): number => this.#now;

  readonly after = (delayMs: number, ring: () => void): (() => void) => {
    const waiting = { at: this.#now + delayMs, ring };
    this.#rings.push(waiting);
    return () => {
      this.#rings = this.#rings.filter((other) => other !== waiting);
    };
  };

  /** Lets time go by, and what was promised meanwhile be kept. */
  async pass(spanMs: number): Promise<void> {
    const end = this.#now + spanMs;
    for (;;) {
      const next = this.#rings
        .filter(({ at }) => at <= end)
        .sort((left, right) => left.at - right.at)[0];
      if (next === undefined) break;
      this.#rings = this.#rings.filter((waiting) => waiting !== next);
      this.#now = next.at;
      next.ring();
      await settle();
    }
    this.#now = end;
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class FakeDoor {
  isOpen = true;
  isTaken = false;
  attempts = 0;
  readonly helper: Helper;

  constructor(policy = RESTARTS) {
    this.helper = {
      name: policy.failuresMax === 0 ? 'disk' : 'gossip',
      policy,
      isVital: policy.failuresMax === 0,
      isUp: () => this.isOpen,
      reopen: policy.failuresMax === 0 ? null : () => this.#reopen(),
      close: () => {
        this.isOpen = false;
      },
    };
  }

  async #reopen(): Promise<void> {
    this.attempts++;
    if (this.isTaken) throw Object.assign(new Error('in use'), { code: 'EADDRINUSE' });
    this.isOpen = true;
  }
}

function bench(policy = RESTARTS) {
  const door = new FakeDoor(policy);
  const clock = new StillClock();
  const lines: { event: string; reason: string }[] = [];
  const given: string[] = [];
  const supervisor = new Supervisor({
    helpers: [door.helper],
    clock,
    chance: () => 0,
    log: DaemonLog.to(
      { write: (line) => lines.push(JSON.parse(line)) },
      { format: 'json', debug: false, service: 's', version: '0', node: 1 },
    ),
    gaveUp: ({ name }, reason) => given.push(`${name}: ${reason}`),
  });
  const state = () => supervisor.statuses()[0]!.state;
  const fail = (code = 'EMFILE') =>
    supervisor.failed(door.helper.name, Object.assign(new Error(code), { code }));
  return { door, clock, lines, given, supervisor, state, fail };
}

describe('a helper that fails', () => {
  test('lets go, waits, is opened anew, and the log tells each step', async () => {
    const { door, clock, lines, supervisor, state, fail } = bench();
    expect(state()).toBe('running');
    fail();
    expect([state(), door.isOpen]).toEqual(['backing-off', false]);
    await clock.pass(49);
    expect(door.attempts).toBe(0);
    await clock.pass(1);
    expect([state(), door.attempts, door.isOpen]).toEqual(['running', 1, true]);
    expect(supervisor.statuses()[0]).toMatchObject({ restarts: 1, lastFailure: 'EMFILE' });
    expect(lines).toMatchObject([
      { level: 'warn', event: 'helper.failed', helper: 'gossip', reason: 'EMFILE', inMs: 50 },
      { level: 'info', event: 'helper.restarted', helper: 'gossip', restarts: 1 },
    ]);
  });

  test('that nobody announces is found closed', async () => {
    const { door, clock, state, lines } = bench();
    door.isOpen = false;
    await clock.pass(1000);
    expect([state(), lines[0]!.reason]).toEqual(['backing-off', 'found closed']);
    await clock.pass(50);
    expect([state(), door.isOpen]).toEqual(['running', true]);
  });

  test('counts once, whatever it says while it is closed', async () => {
    const { clock, lines, fail } = bench();
    for (let n = 0; n < 5; n++) fail('closed');
    await clock.pass(5000);
    expect(lines.map(({ event }) => event)).toEqual(['helper.failed', 'helper.restarted']);
  });

  test('and cannot be opened is tried less and less often, then given up, once', async () => {
    const { door, clock, lines, given, supervisor, state, fail } = bench();
    door.isTaken = true;
    fail();
    await clock.pass(1550);
    expect(door.attempts).toBe(5);
    await clock.pass(600_000);
    expect([state(), door.attempts]).toEqual(['down', RESTARTS.failuresMax]);
    expect(given).toEqual(['gossip: EADDRINUSE']);
    expect(lines.at(-1)).toMatchObject({ level: 'error', event: 'helper.down' });
    expect(supervisor.statuses()[0]!.restarts).toBe(0);
    fail();
    expect(given.length).toBe(1);
  });

  test('after it was stopped is left alone', async () => {
    const { door, clock, supervisor, state, fail } = bench();
    fail();
    supervisor.stop(['gossip']);
    await clock.pass(60_000);
    expect([state(), door.attempts]).toEqual(['stopped', 0]);
  });

  test('and is stopped while it is being opened is closed again', async () => {
    const { door, clock, supervisor, state, fail } = bench();
    fail();
    const passing = clock.pass(50);
    expect(door.attempts).toBe(1);
    supervisor.stopAll();
    await passing;
    expect([state(), door.isOpen]).toEqual(['stopped', false]);
  });
});

test('a disk that fails is down, and nothing of it is ever tried again', async () => {
  const { door, clock, given, state, fail } = bench(NO_RESTART);
  fail('EIO');
  expect([state(), given]).toEqual(['down', ['disk: EIO']]);
  await clock.pass(600_000);
  expect(door.attempts).toBe(0);
});
