/**
 * Writes docs/charts.md: the node's charts, drawn from the charts themselves.
 *
 * Usage: node scripts/charts.ts
 *
 * A test beside the charts fails while the page is not what this makes.
 */
import { writeFileSync } from 'node:fs';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { arrowsOf, pathOfState, statesOf } from '../src/node/charts/arrows.ts';
import { lifecycleChart } from '../src/node/charts/lifecycle.ts';
import { membershipChart } from '../src/node/charts/membership.ts';
import { roleChart } from '../src/node/charts/role.ts';
import { supervisionChart } from '../src/node/charts/supervision.ts';
import { transferChart } from '../src/node/charts/transfer.ts';

export const CHARTS_PAGE = new URL('../docs/charts.md', import.meta.url);

interface Section {
  readonly title: string;
  readonly chart: AnyStateMachine;
  readonly text: string;
}

const INTRODUCTION = `# Charts

Five state charts say what a node's life, a Raft role, a change of members, a snapshot's transfer and
a helper's life look like. They are XState machines in \`src/node/charts/\`; this page is written by
\`node scripts/charts.ts\`, and a test fails when it is out of date.

Charts are for what happens a few times in a life, waits long, and is worth drawing. Nothing of
XState runs while a node serves: a test wraps XState's methods and counts none in a thousand turns
of work.
`;

const SECTIONS: readonly Section[] = [
  {
    title: "A node's life",
    chart: lifecycleChart,
    text: `Each node drives this one (\`lifecycle.ts\`). An event that the state at hand has no arrow for is an
assertion and stops the node. \`node.phase\` is the outermost state, a plain string: it is
\`serving\` while a node hands over and closes, for it answers to the last. \`overdue\` comes from
deadlines that the node keeps as numbers; the charts have no timers.`,
  },
  {
    title: 'A Raft role',
    chart: roleChart,
    text: `Made from the table of \`src/core/raft/roles.ts\`, by which the machine asserts each change it makes.
An arrow's event is the role that is taken on. A follower's seat is what the configurations of its
log say of its store, and only one that votes campaigns. Seen from outside, between two turns, several
arrows may have been taken; the judge in \`role.ts\` asks whether any way through the chart leads
from the one state to the other and fits the terms: a candidate enters a new term, a follower may,
nobody else does.`,
  },
  {
    title: 'A change of members',
    chart: membershipChart,
    text: `What may follow what in a group's log (\`membership.ts\`). Replacing a lost store is the walk settled,
learning, joint, settled. Nobody holds this state but the log, and whoever leads next goes on from
there; so nobody runs the chart, and the judge holds every two configurations that follow each other
in a log against it.`,
  },
  {
    title: "A snapshot's transfer",
    chart: transferChart,
    text: `A leader's snapshot on its way into a follower's state (\`transfer.ts\`). The machine of snapshot files
and the group hold this state; nobody runs the chart. The judge looks after every turn: a receipt
never goes back, nothing lands in the turn in which it began to arrive, and only what has landed,
whole and proved, is loaded.`,
  },
  {
    title: "A helper's life",
    chart: supervisionChart,
    text: `What works for the node and may die while it lives (\`supervision.ts\`): the disk, the listeners, the
gossip socket, the HTTP door. The daemon drives one for each (\`src/runtime/supervisor.ts\`); the
numbers, and the choice between \`failed\` and \`give-up\`, are in \`src/node/supervision.ts\`. A disk
has no way but the one to its end. The simulator holds each node's disk against it.
[ADR 0006](adr/0006-supervision.md) says what a restart may do.`,
  },
];

/** The page as it should be. */
export function chartsPage(): string {
  return [INTRODUCTION, ...SECTIONS.map(sectionText)].join('\n');
}

function sectionText({ title, chart, text }: Section): string {
  return `## ${title}\n\n${text}\n\n${drawing(chart)}\n\n${stateTable(chart)}\n${arrowTable(chart)}\n`;
}

function drawing(chart: AnyStateMachine): string {
  const ends = statesOf(chart).filter(({ type }) => type === 'final');
  return [
    '```mermaid',
    'stateDiagram-v2',
    ...insideOf(chart.root, joinedArrows(chart), '  '),
    ...ends.map((state) => `  ${idOf(pathOfState(state))} --> [*]`),
    '```',
  ].join('\n');
}

/** Arrows between the same two states are drawn as one. */
interface DrawnArrow {
  readonly source: string;
  readonly target: string;
  readonly events: string[];
}

function joinedArrows(chart: AnyStateMachine): readonly DrawnArrow[] {
  const joined = new Map<string, DrawnArrow>();
  for (const { source, target, event } of arrowsOf(chart)) {
    const known = joined.get(`${source} ${target}`);
    if (known === undefined) joined.set(`${source} ${target}`, { source, target, events: [event] });
    else known.events.push(event);
  }
  return [...joined.values()];
}

/** Where a state begins, its children, and the arrows between them, which no child holds. */
function insideOf(
  state: AnyStateNode,
  arrows: readonly DrawnArrow[],
  indent: string,
): readonly string[] {
  const first = state.initial.target[0]!;
  const lines = [`${indent}[*] --> ${idOf(pathOfState(first))}`];
  for (const child of Object.values(state.states)) {
    const head = `${indent}state "${child.key}" as ${idOf(pathOfState(child))}`;
    if (child.type !== 'compound') lines.push(head);
    else lines.push(`${head} {`, ...insideOf(child, arrows, `${indent}  `), `${indent}}`);
  }
  for (const { source, target, events } of arrows) {
    if (commonParent(source, target) !== pathOfState(state)) continue;
    lines.push(`${indent}${idOf(source)} --> ${idOf(target)} : ${events.join(', ')}`);
  }
  return lines;
}

/** The path of the innermost state that holds both; empty for the chart itself. */
function commonParent(source: string, target: string): string {
  const parents = source.split('.').slice(0, -1);
  const others = target.split('.').slice(0, -1);
  const end = parents.findIndex((key, at) => key !== others[at]);
  return parents.slice(0, end < 0 ? parents.length : end).join('.');
}

/** Mermaid takes no hyphens or dots in names. */
const idOf = (path: string): string => path.replaceAll(/[.-]/g, '_');

function stateTable(chart: AnyStateMachine): string {
  const told = statesOf(chart).filter(({ description }) => description !== undefined);
  const rows = told.map((state) => `| ${pathOfState(state)} | ${state.description} |`);
  if (rows.length === 0) return '';
  return ['| state | what it is |', '|---|---|', ...rows, ''].join('\n');
}

function arrowTable(chart: AnyStateMachine): string {
  const rows = arrowsOf(chart).map(
    ({ source, event, target, reason }) => `| ${source} | ${event} | ${target} | ${reason} |`,
  );
  return ['| from | event | to | because |', '|---|---|---|---|', ...rows].join('\n');
}

if (import.meta.main) writeFileSync(CHARTS_PAGE, chartsPage());
