/**
 * The three nodes of the development cluster, and what their HTTP doors say. The environment names
 * another first port, as for scripts/dev-run.sh.
 */

export interface NodeAddress {
  readonly id: number;
  readonly port: number;
  readonly httpPort: number;
}

const HTTP_PORT_OFFSET = 2000;
const ANSWER_WITHIN_MS = 1000;
const { APEX_DEV_PORT: FIRST_PORT_TEXT = '7001' } = process.env;
const FIRST_PORT = Number(FIRST_PORT_TEXT);

export const nodes: readonly NodeAddress[] = [1, 2, 3].map((id) => ({
  id,
  port: FIRST_PORT + id - 1,
  httpPort: FIRST_PORT + id - 1 + HTTP_PORT_OFFSET,
}));

/** The other nodes in the form of the flag: `127.0.0.1:7002:2,127.0.0.1:7003:3`. */
export function peersOf(node: NodeAddress): string {
  return nodes
    .filter((other) => other.id !== node.id)
    .map((other) => `127.0.0.1:${other.port}:${other.id}`)
    .join(',');
}

export async function isReady(node: NodeAddress): Promise<boolean> {
  return (await ask(node, '/readyz')) !== null;
}

export async function leads(node: NodeAddress): Promise<boolean> {
  const metrics = await ask(node, '/metrics');
  return metrics !== null && /^apex_raft_role\{.*role="leader".*\} 1$/m.test(metrics);
}

/** The body of a good answer; null when there is none in time, as while a node boots. */
async function ask(node: NodeAddress, path: string): Promise<string | null> {
  try {
    const url = `http://127.0.0.1:${node.httpPort}${path}`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}
