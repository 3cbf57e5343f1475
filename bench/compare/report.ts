/** What a comparison prints: figures of everybody and medians of ratios, and one line of JSON. */
import { machineLine } from '../machine.ts';
import { median, rounded, tableOf } from '../table.ts';
import type { Comparison } from './compare.ts';
import type { Measured, MeasuredRound } from './rounds.ts';
import { RATIOS, verdictOf } from './verdict.ts';

export function compareTable(comparison: Comparison): string {
  const { machine, plan, rounds, verdict, missing } = comparison;
  const { connections, pipeline, keys, valueBytes } = plan.shape;
  const good = rounds.filter(({ disturbance }) => disturbance === null);
  const shown = good.length > 0 ? good : rounds;
  const fate = verdict.isConclusive
    ? `${good.length} rounds count, ${verdict.discarded} were thrown out`
    : `inconclusive: only ${good.length} of ${plan.rounds} rounds were undisturbed`;
  const lines = [
    machineLine(machine),
    `${connections} connections × ${pipeline} in flight, ${keys} keys, ${valueBytes}-byte values`,
    ...missing.map((reason) => `${reason}: not compared`),
    fate,
    good.length > 0
      ? 'medians of these rounds'
      : 'medians of disturbed rounds, ratios too: they mean little',
  ];
  return `${lines.join('\n')}\n\n${figureRows(shown)}\n${ratioRows(shown)}`;
}

function figureRows(rounds: readonly MeasuredRound[]): string {
  // A run that failed has no sample; in another round it may have one.
  const names = Object.keys(rounds[0]?.samples ?? {}).sort();
  const rows = names.map((name) => {
    const seen = rounds.flatMap(({ samples }) => samples[name] ?? []);
    if (seen.length === 0) return [name, 'failed'];
    const of = (pick: (sample: Measured) => number) => median(seen.map(pick));
    return [
      name,
      `${Math.round(of(({ opsPerSecond }) => opsPerSecond))}`,
      ...[of(({ p50us }) => p50us), of(({ p99us }) => p99us)].map(
        (us) => `${rounded(us / 1000, 2)}`,
      ),
      `${rounded(
        of(({ serverCpuUs }) => serverCpuUs),
        2,
      )}`,
      `${rounded(
        of(({ clientCpuSeconds, operations }) => (clientCpuSeconds * 1e6) / operations),
        2,
      )}`,
    ];
  });
  const title = ['', 'OPS/S', 'P50 ms', 'P99 ms', 'SERVER CPU µs/op', 'CLIENT CPU µs/op'];
  return tableOf([title, ...rows]);
}

/** Of these rounds, whether they count or not: the line above says which. */
function ratioRows(rounds: readonly MeasuredRound[]): string {
  const shown = rounds.map((round) => ({ ...round, disturbance: null }));
  const { ratios, spread } = verdictOf(shown, shown.length);
  const rows = RATIOS.map(([name, above, below]) => {
    const [ratio, range] = [ratios[name] ?? null, spread[name] ?? null];
    const cells =
      ratio === null || range === null
        ? ['-', '-', '-']
        : [ratio, range.lowest, range.highest].map((one) => `${rounded(one, 2)}`);
    return [name, `${above} ÷ ${below}`, ...cells];
  });
  return tableOf([['RATIO', '', 'MEDIAN', 'LOWEST', 'HIGHEST'], ...rows]);
}

/** The names are a contract: others read them. */
export function compareJson({ verdict, rounds, missing }: Comparison): string {
  const { ratios, spread, discarded, isConclusive } = verdict;
  const verdictWord = isConclusive ? 'conclusive' : 'inconclusive';
  return JSON.stringify({ ratios, spread, rounds, discarded, missing, verdict: verdictWord });
}
