/** Asking a node's HTTP door (client port + 2000) and reading what it says. */
import http from 'node:http';
import type { Address } from '../client/address.ts';

/** P + 2000 of a node whose client port is P. */
const HTTP_PORT_OFFSET = 2000;
const BODY_BYTES_MAX = 4 * 1024 * 1024;

export interface Page {
  readonly status: number;
  readonly body: string;
}

export function httpAddressOf({ host, port }: Address): Address {
  return { host, port: port + HTTP_PORT_OFFSET };
}

/** The page, or a sentence that says why there is none. */
export function askPage(
  { host, port }: Address,
  path: string,
  timeoutMs: number,
): Promise<Page | string> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = http.get({ host, port, path, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > BODY_BYTES_MAX) request.destroy(new Error('the page is too long'));
      });
      response.on('error', (error) => resolve(reasonOf(error, timeoutMs)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    request.on('error', (error) => resolve(reasonOf(error, timeoutMs)));
  });
}

function reasonOf(error: Error, timeoutMs: number): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') {
    return `no answer within ${timeoutMs} ms`;
  }
  const [first] = error instanceof AggregateError ? error.errors : [];
  return first instanceof Error ? first.message : error.message;
}

export interface Readiness {
  readonly isReady: boolean;
  /** What is not well, and warnings; empty when all is. */
  readonly notes: readonly string[];
}

/** What `/readyz?verbose` says: `[+]` is well, `[-]` is not, `[!]` is a warning. */
export function readReadiness({ status, body }: Page): Readiness {
  const notes = body.split('\n').flatMap((line) => /^\[[-!]\] (.*)$/.exec(line)?.[1] ?? []);
  return { isReady: status === 200, notes };
}

/** One reading of Prometheus' text format; NaN where there is none. `label`: `role="leader"`. */
export function readMetric(text: string, name: string, label: string | null = null): number {
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match === null || match[1] !== name) continue;
    if (label === null || (match[2] ?? '').split(',').includes(label)) return Number(match[3]);
  }
  return Number.NaN;
}

/** A sentence where the node did not say. */
export async function readinessOf(
  address: Address,
  timeoutMs: number,
): Promise<Readiness | string> {
  const page = await askPage(address, '/readyz?verbose', timeoutMs);
  if (typeof page === 'string') return page;
  const isOurs = page.status === 200 || page.status === 503;
  return isOurs ? readReadiness(page) : `HTTP status ${page.status}`;
}
