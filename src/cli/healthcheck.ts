/**
 * `kv healthcheck HOST:PORT`: whether that node makes progress. For containers and scripts: silent
 * when all is well, exit status 9 when it is not.
 */
import type { Command } from 'commander';
import { EXIT } from '../base/errors.ts';
import { type Address, addressText } from '../client/address.ts';
import { addresses, timeoutOption } from './arguments.ts';
import { httpAddressOf, readinessOf } from './http-door.ts';

const TIMEOUT_MS = 2000;

interface HealthFlags {
  readonly http?: true;
  readonly timeout: number;
}

export function register(program: Command): void {
  program
    .command('healthcheck')
    .description('ends with 0 if the node is ready, with 9 if not')
    .argument('<address>', 'HOST:PORT of the node, as clients know it', addresses)
    .option('--http', 'the address is that of the HTTP port (by default 2000 above)')
    .addOption(timeoutOption(TIMEOUT_MS))
    .action(async (nodes: readonly Address[], { http, timeout }: HealthFlags) => {
      const complaints = await Promise.all(
        nodes.map((node) => complaintOf(http === true ? node : httpAddressOf(node), timeout)),
      );
      const told = complaints.filter((complaint) => complaint !== null);
      for (const complaint of told) process.stderr.write(`CLUSTER_UNHEALTHY ${complaint}\n`);
      process.exitCode = told.length === 0 ? EXIT.OK : EXIT.CLUSTER_UNHEALTHY;
    });
}

/** Null: the node is ready. */
async function complaintOf(address: Address, timeoutMs: number): Promise<string | null> {
  const readiness = await readinessOf(address, timeoutMs);
  if (typeof readiness === 'string') return `${addressText(address)}: ${readiness}`;
  if (readiness.isReady) return null;
  return `${addressText(address)}: ${readiness.notes.join('; ') || 'not ready'}`;
}
