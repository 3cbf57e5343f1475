/** What the memory bench prints: tables for people, one JSON object for programs. */
import { machineLine } from './machine.ts';
import {
  isPassed,
  logBytesMax,
  type MemoryFinding,
  type MemoryPoint,
  OVERHEAD_BYTES_MAX,
} from './memory.ts';
import { mib, rounded, tableOf } from './table.ts';

export function memoryTable(finding: MemoryFinding): string {
  const { machine, plan, recovery, afterLoad } = finding;
  const lines = [
    machineLine(machine),
    `one node, a process of its own, real sockets and disk; ${afterLoad.figures.durability}`,
    `${plan.keys} keys of 20 bytes, values of ${plan.valueBytes} bytes\n`,
  ];
  const verdict = isPassed(finding) ? 'within the bounds' : 'NOT within the bounds';
  const same = recovery.isSame ? 'the same content' : 'OTHER CONTENT';
  return [
    lines.join('\n'),
    tableOf(pointRows(finding)),
    tableOf(diskRows(finding)),
    `after kill -9 and restart: ${same}; ${verdict}\n`,
  ].join('\n');
}

function pointRows({ afterLoad, afterOverwrites, churn }: MemoryFinding): string[][] {
  const points = [afterLoad, afterOverwrites, churn];
  const row = (title: string, read: (point: MemoryPoint) => string): string[] => [
    title,
    ...points.map(read),
  ];
  return [
    ['', 'LOADED', 'HALF OVERWRITTEN', 'ENDLESSLY'],
    row('keys', ({ figures }) => `${figures.store.keys}`),
    row('writes, per second', ({ writes, seconds }) => `${Math.round(writes / seconds)}`),
    row('Σ(key + value)', ({ figures }) => mib(figures.store.contentBytes)),
    row('regions touched', ({ figures }) => mib(figures.store.regionBytes)),
    row('  of these in use', ({ figures }) => mib(figures.store.heldBytes)),
    row('  of these records', ({ figures }) => mib(figures.store.recordBytes)),
    row('tables', ({ figures }) => mib(figures.store.tableBytes)),
    row('bookkeeping of blocks', ({ figures }) => mib(figures.store.bookkeepingBytes)),
    row(`bytes per key beyond (≤ ${OVERHEAD_BYTES_MAX})`, (point) =>
      point.overheadPerKey.toFixed(1),
    ),
    row('resident', ({ figures }) => mib(figures.residentBytes)),
    row('resident, at most', ({ figures }) => mib(figures.residentBytesPeak ?? 0)),
    row('log kept in memory', ({ figures }) => mib(figures.raftLogBytes)),
    row('reserved, not touched', ({ figures }) => mib(untouchedBytes(figures.store))),
  ];
}

const untouchedBytes = (store: MemoryPoint['figures']['store']): number =>
  store.reservedBytes - store.regionBytes - store.bookkeepingBytes;

function diskRows(finding: MemoryFinding): string[][] {
  const { recovery, diskMost, plan } = finding;
  const { disk, startMs, recoverMs, leadMs } = recovery;
  return [
    ['on disk before the restart: log', mib(disk.logBytes)],
    ['on disk before the restart: snapshots', mib(disk.snapshotBytes)],
    ['restart: program loaded', `${Math.round(startMs)} ms`],
    ['restart: log read, snapshot loaded', `${Math.round(recoverMs)} ms`],
    ['restart: elected, log applied', `${Math.round(leadMs)} ms`],
    ['then overwritten endlessly, in 4 KiB values', mib(plan.churnBytes)],
    [`  log at most (≤ ${mib(logBytesMax(finding))})`, mib(diskMost.logBytes)],
    ['  snapshots at most', mib(diskMost.snapshotBytes)],
  ];
}

export function memoryJson(finding: MemoryFinding): string {
  const { machine, plan, afterLoad, afterOverwrites, recovery, churn, diskMost } = finding;
  return JSON.stringify({
    bench: 'memory',
    machine,
    ...plan,
    afterLoad: pointJson(afterLoad),
    afterOverwrites: pointJson(afterOverwrites),
    recovery: {
      logBytes: recovery.disk.logBytes,
      snapshotBytes: recovery.disk.snapshotBytes,
      startMs: Math.round(recovery.startMs),
      recoverMs: Math.round(recovery.recoverMs),
      leadMs: Math.round(recovery.leadMs),
      isSame: recovery.isSame,
    },
    endless: { ...pointJson(churn), logBytesMost: diskMost.logBytes },
    passed: isPassed(finding),
  });
}

function pointJson({ figures, overheadPerKey, seconds, writes }: MemoryPoint) {
  const { residentBytes, residentBytesPeak, raftLogBytes, durability, store } = figures;
  return {
    ...store,
    durability,
    overheadPerKey: rounded(overheadPerKey),
    residentBytes,
    residentBytesPeak,
    raftLogBytes,
    writesPerSecond: Math.round(writes / seconds),
  };
}
