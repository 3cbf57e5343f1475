/**
 * The seed's command lines, which have flags where ours have commands:
 *
 *   kv --id 1 --port 7001 …        kv serve --id 1 --port 7001 …
 *   kv --client HOST:PORT          kv client HOST:PORT
 *   kv --bench HOST:PORT …         kv bench HOST:PORT …
 *   kv --test                      kv test
 */

const COMMAND_OF_FLAG: ReadonlyMap<string, string> = new Map([
  ['--client', 'client'],
  ['--bench', 'bench'],
  ['--test', 'test'],
]);
const DEFAULT_COMMAND = 'serve';
const ROOT_FLAGS: readonly string[] = ['-h', '--help', '-V', '--version'];

/** The same command line in our form. `commands`: those that there are. */
export function withCommand(
  args: readonly string[],
  commands: readonly string[],
): readonly string[] {
  const first = args[0];
  if (first === undefined || !first.startsWith('-') || ROOT_FLAGS.includes(first)) return args;
  const spread = args.flatMap(splitFlag);
  for (const [flag, command] of COMMAND_OF_FLAG) {
    const at = spread.indexOf(flag);
    if (at >= 0 && commands.includes(command)) return [command, ...spread.toSpliced(at, 1)];
  }
  return [DEFAULT_COMMAND, ...args];
}

/** `--client=HOST` in two words, for the flags above. */
function splitFlag(arg: string): string[] {
  const equals = arg.indexOf('=');
  const flag = arg.slice(0, equals);
  return equals > 0 && COMMAND_OF_FLAG.has(flag) ? [flag, arg.slice(equals + 1)] : [arg];
}
