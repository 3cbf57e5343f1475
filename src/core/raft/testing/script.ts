/**
 * The language of the transcripts in testdata/: one command a line, and what then happened.
 *
 *   new 3 [learners=4] [voters=1,2] [logs=1,1/1/1] [entries-max=1] [sync=manual] [empty]
 *   elect 1 · campaign 1 · force 1        all leases expire, 1 wins · 1 asks · 1 does not ask
 *   propose 1 text · read 1 7 · transfer 1 2 · form 1
 *   reconfigure 1 voters=1,2 [learners=3,4′]
 *   tick 1 [n] · elapse ms [1,2] · run ms one machine ticks · clocks only · everything goes on
 *   deliver [n] · queue                   messages arrive, n of them or all · what is under way
 *   drop · hold · discard <type> [1>2]    from now on lost · kept back · lost now
 *   release · cut 1 2 [one-way] · isolate 1 · heal
 *   sync manual|auto · fsync-done 1 [ticket] · crash 1 [n] · restart 1 · wipe 1
 *   compact 1 [index] · send-snapshot 1 3 the leader's newest, asked for or not
 *   status [1] · seats 1 · reads
 *
 * Commands may share a line, separated by `;`.
 */
import { assert } from '../../../base/assert.ts';
import type { ClusterId } from '../../../base/units.ts';
import { ENTRY_HEADER_BYTES } from '../../entry.ts';
import { DEFAULT_SETTINGS, encodeFormation } from '../../settings.ts';
import type { Member } from '../../types.ts';
import type { ProposalOutcome } from '../out.ts';
import { Cluster } from './cluster.ts';
import {
  describeMachine,
  describeParcel,
  describeRead,
  describeSeats,
  describeStep,
} from './describe.ts';
import { memberOf } from './fixture.ts';
import type { Filter, Parcel } from './network.ts';

const NUMBER = /^\d+$/;

/** `1,2,3′`: the members of a list; a stroke means the next life of that node's disk. */
function membersOf(text: string): Member[] {
  return text.split(',').map((name) => {
    const id = Number.parseInt(name, 10);
    return memberOf(id, 1 + name.length - String(id).length);
  });
}

const numbersOf = (text: string): number[] =>
  text === '' ? [] : text.split(',').map((part) => Number(part));

/** The words of a command: plain ones by place, `name=value` ones by name. */
interface Words {
  readonly plain: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

function wordsOf(command: string): Words {
  const words = command.split(/ +/).filter((word) => word !== '');
  const named = new Map<string, string>();
  for (const word of words) {
    const at = word.indexOf('=');
    if (at > 0) named.set(word.slice(0, at), word.slice(at + 1));
  }
  return { plain: words.filter((word) => !word.includes('=')), named };
}

function filterOf([, type = '*', ends = '*>*']: readonly string[]): Filter {
  const [from, to] = ends.split('>').map((end) => (end === '*' ? null : Number(end)));
  return { type: type === '*' ? null : (type as Parcel['type']), from: from!, to: to! };
}

export class Script {
  #cluster: Cluster | null = null;
  #lines: string[] = [];
  /** Only what outlives the messages is told. */
  #isQuiet = false;

  /** Runs the commands of one line; answers what happened. */
  run(line: string): string[] {
    this.#lines = [];
    for (const command of line.split(';')) this.#command(wordsOf(command));
    return this.#lines;
  }

  get #c(): Cluster {
    assert(this.#cluster !== null, 'internal', 'a script begins with new');
    return this.#cluster;
  }

  #say(line: string): void {
    this.#lines.push(line);
  }

  #command(words: Words): void {
    const [verb = '', ...rest] = words.plain;
    const first = Number(rest[0] ?? 0);
    const second = NUMBER.test(rest[1] ?? '') ? Number(rest[1]) : null;
    if (verb === 'new') this.#new(words, first);
    else if (this.#request(verb, first, words)) return;
    else if (this.#fault(verb, first, second)) return;
    else if (this.#passage(verb, first, words)) return;
    else if (this.#network(verb, words.plain)) return;
    else this.#tell(verb, first);
  }

  #new({ plain, named }: Words, nodes: number): void {
    const logs = named.get('logs');
    const entriesMax = named.get('entries-max');
    const cluster = new Cluster({
      nodes,
      voters: numbersOf(named.get('voters') ?? all(nodes, named.get('learners'))),
      learners: numbersOf(named.get('learners') ?? ''),
      logs: logs === undefined ? [] : logs.split('/').map(numbersOf),
      isFormed: !plain.includes('empty'),
      config: entriesMax === undefined ? {} : { appendEntriesMax: Number(entriesMax) },
      autoSync: true,
    });
    cluster.autoSync = named.get('sync') !== 'manual';
    cluster.listener = (machine, out, before) => {
      for (const line of describeStep(machine, out, before)) this.#hear(line);
    };
    this.#cluster = cluster;
  }

  /** With a disk that answers at once, what waits for it is no news. */
  #hear(line: string): void {
    const isDetail = line.includes(': writes #') || line.includes(': keeps until #');
    if (isDetail && this.#isQuiet) return;
    if (line.includes(': keeps until #') && this.#c.autoSync) return;
    this.#say(line);
  }

  /** What somebody asks of a machine. */
  #request(verb: string, id: number, { plain, named }: Words): boolean {
    switch (verb) {
      case 'propose':
        this.#answer(this.#c.propose(id, plain.slice(2).join(' ')));
        return true;
      case 'read':
        this.#c.read(id, Number(plain[2]));
        return true;
      case 'transfer':
        this.#answer(this.#c.transfer(id, memberOf(Number(plain[2]))));
        return true;
      case 'reconfigure': {
        const learners = named.get('learners');
        const wanted = learners === undefined ? [] : membersOf(learners);
        this.#answer(this.#c.reconfigure(id, membersOf(named.get('voters') ?? ''), wanted));
        return true;
      }
      case 'form':
        this.#answer(this.#form(id));
        return true;
      default:
        return false;
    }
  }

  #answer(outcome: ProposalOutcome): void {
    if (outcome.kind === 'refused') this.#say(`refused: ${outcome.reason}`);
    else if (outcome.kind === 'accepted') this.#say(`accepted as ${outcome.index}@${outcome.term}`);
  }

  #form(id: number): ProposalOutcome {
    const voters = this.#c.machines.map(({ member }) => member);
    const clusterId = 'c1'.repeat(16) as ClusterId;
    const settings = { ...DEFAULT_SETTINGS, clusterId, tableSeed: '0123456789abcdef' };
    const configuration = { voters, outgoing: [], learners: [] };
    const body = encodeFormation({ settings, configuration });
    const bytes = new Uint8Array(ENTRY_HEADER_BYTES + body.length);
    bytes.set(body, ENTRY_HEADER_BYTES);
    return this.#c.ask(id, { kind: 'form', configuration, bytes });
  }

  #fault(verb: string, id: number, second: number | null): boolean {
    switch (verb) {
      case 'crash':
        this.#c.crash(id, second ?? 0);
        return true;
      case 'restart':
        this.#c.restart(id);
        return true;
      case 'wipe':
        this.#c.wipe(id);
        this.#c.restart(id);
        return true;
      case 'compact':
        this.#c.compact(id, second ?? undefined);
        return true;
      case 'send-snapshot':
        this.#c.sendSnapshot(this.#c.machine(id), this.#c.machine(second!).member);
        return true;
      case 'fsync-done':
        if (!this.#c.sync(id, second)) this.#say('nothing to sync');
        return true;
      default:
        return false;
    }
  }

  /** Time, and campaigns, which are what time brings about. */
  #passage(verb: string, first: number, { plain }: Words): boolean {
    switch (verb) {
      case 'tick':
        this.#c.tick(first, Number(plain[2] ?? 1));
        return true;
      case 'elapse':
        this.#c.elapse(first, plain[2] === undefined ? undefined : numbersOf(plain[2]));
        return true;
      case 'run':
        this.#isQuiet = true;
        this.#c.run(first);
        this.#isQuiet = false;
        return true;
      case 'campaign':
        this.#c.campaign(first);
        return true;
      case 'force':
        this.#c.force(first);
        return true;
      case 'elect':
        this.#isQuiet = true;
        this.#c.elect(first);
        this.#isQuiet = false;
        return true;
      default:
        return false;
    }
  }

  #network(verb: string, plain: readonly string[]): boolean {
    const { network } = this.#c;
    switch (verb) {
      case 'deliver':
        this.#deliver(Number(plain[1] ?? Number.POSITIVE_INFINITY));
        return true;
      case 'drop':
        network.drop(filterOf(plain));
        return true;
      case 'hold':
        network.hold(filterOf(plain));
        return true;
      case 'discard':
        network.discard(filterOf(plain));
        return true;
      case 'release':
        network.release();
        return true;
      case 'cut':
        network.cut(Number(plain[1]), Number(plain[2]), plain[3] === 'one-way');
        return true;
      case 'isolate':
        this.#c.isolate(Number(plain[1]));
        return true;
      case 'sync':
        this.#c.autoSync = plain[1] === 'auto';
        return true;
      case 'heal':
        network.heal();
        return true;
      default:
        return false;
    }
  }

  #deliver(count: number): void {
    const { network } = this.#c;
    for (let n = 0; n < count && network.queue.length > 0; n++) {
      const parcel = network.queue.shift()!;
      const isLost = network.isLost(parcel);
      this.#say(describeParcel(parcel) + (isLost ? '  — lost' : ''));
      if (!isLost) this.#c.arrive(parcel);
    }
  }

  #tell(verb: string, id: number): void {
    const { machines, network, reads } = this.#c;
    switch (verb) {
      case 'status':
        for (const machine of machines) {
          if (id === 0 || id === machine.id) this.#say(describeMachine(machine));
        }
        break;
      case 'seats':
        this.#say(describeSeats(this.#c.machine(id)));
        break;
      case 'queue':
        for (const parcel of network.queue) this.#say(describeParcel(parcel));
        break;
      case 'reads':
        for (const [readId, read] of reads) this.#say(describeRead(readId, read));
        break;
      default:
        assert(false, 'internal', `unknown verb ${verb}`);
    }
  }
}

/** Everybody but the learners, as a list of ids. */
function all(nodes: number, learners = ''): string {
  const ids = Array.from({ length: nodes }, (_, at) => String(at + 1));
  return ids.filter((id) => !learners.split(',').includes(id)).join(',');
}
