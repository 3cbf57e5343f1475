/**
 * The HTTP door: health, metrics and settings.
 *
 *   /livez            200 while the process answers and has not failed
 *   /readyz           200 when the node makes progress, else 503; ?verbose says what of
 *   /health           the same as one JSON object, with roles and indices
 *   /metrics          Prometheus' text format
 *   /api/v1/config    the cluster's settings; the one page that takes a POST (config-door.ts)
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { NOBODY } from '../base/units.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import type { Group } from '../node/group.ts';
import type { NodeState } from '../node/state.ts';
import { answerConfig, type ConfigDoor } from './config-door.ts';
import { type Check, checksOf, isReady, type Surroundings } from './health.ts';
import type { Metrics } from './metrics.ts';

export interface HttpSources extends ConfigDoor {
  readonly version: string;
  readonly metrics: Metrics;
  readonly surroundings: () => Surroundings;
  /** What an operator should know although all is well. */
  readonly warnings: () => readonly string[];
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const CONFIG_PATH = '/api/v1/config';
const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

export function serveHttp(server: Server, sources: HttpSources): void {
  server.on('request', (request, response) => {
    respond(sources, request).then(
      (answer) => send(response, answer, request.method === 'HEAD'),
      (error: unknown) => send(response, text(500, `error: ${String(error)}\n`), false),
    );
  });
}

async function respond(sources: HttpSources, request: IncomingMessage): Promise<Answer> {
  const target = URL.parse(request.url ?? '/', 'http://localhost');
  if (target === null) return text(400, 'no address\n');
  const { pathname, searchParams } = target;
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  const mayChange = request.method === 'POST' && pathname === CONFIG_PATH;
  if (!isReading && !mayChange) return text(405, 'only GET\n');
  switch (pathname) {
    case '/livez':
      return live(sources.node);
    case '/readyz':
      return ready(sources, searchParams.has('verbose'));
    case '/health':
      return health(sources);
    case CONFIG_PATH: {
      const { status, body } = await answerConfig(sources, request);
      return { status, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
    }
    case '/metrics': {
      const { registry } = sources.metrics;
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    }
    default:
      return text(404, `not here; there are /livez /readyz /health /metrics ${CONFIG_PATH}\n`);
  }
}

const text = (status: number, body: string): Answer => ({ status, type: TEXT, body });

function live({ failure }: NodeState): Answer {
  return failure === null ? text(200, 'ok\n') : text(503, `${failure.code}: ${failure.detail}\n`);
}

function ready({ node, surroundings, warnings }: HttpSources, isVerbose: boolean): Answer {
  const checks = checksOf(node, surroundings());
  const isGood = isReady(checks);
  const lines = checks.filter((check) => isVerbose || !check.isGood).map(lineOf);
  if (isVerbose) for (const warning of warnings()) lines.push(`[!] ${warning}`);
  lines.push(isGood ? 'ready' : 'not ready');
  return text(isGood ? 200 : 503, `${lines.join('\n')}\n`);
}

const lineOf = ({ name, isGood, detail }: Check): string =>
  `[${isGood ? '+' : '-'}] ${name}: ${detail}`;

function health({ node, version, surroundings, warnings }: HttpSources): Answer {
  const around = surroundings();
  const checks = checksOf(node, around);
  const isGood = isReady(checks);
  const body = {
    status: isGood ? 'ready' : 'unready',
    node: node.config.id,
    version,
    cluster: node.cluster,
    store: node.self?.store ?? null,
    phase: node.phase,
    failure: node.failure,
    groups: node.groups.map(groupHealth),
    helpers: around.helpers.map(({ name, state, restarts, lastFailure }) => {
      return { name, state, restarts, lastFailure };
    }),
    checks: checks.map(({ name, isGood: ok, detail }) => ({ name, ok, detail })),
    warnings: warnings(),
  };
  return { status: isGood ? 200 : 503, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

/** `stateHash` is that of the state at `appliedIndex`: replicas agree on the pair. */
function groupHealth({ id, raft, store }: Group): object {
  const { voters, outgoing, learners } = currentConfiguration(raft);
  return {
    group: id,
    role: raft.role,
    leader: raft.leader === NOBODY ? null : raft.leader,
    term: raft.currentTerm,
    commitIndex: raft.commitIndex,
    appliedIndex: store.appliedIndex,
    stateHash: hex(store.chainHigh) + hex(store.chainLow),
    configuration: { voters, outgoing, learners },
  };
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

function send(response: ServerResponse, { status, type, body }: Answer, isHead: boolean): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(isHead ? undefined : body);
}
