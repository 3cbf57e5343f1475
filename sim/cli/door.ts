/** The command line, from its arguments to an exit code. */
import { EXIT } from './answer.ts';
import { HelpShown, parseRequest, type Request, UsageError } from './arguments.ts';
import { obey } from './commands.ts';
import { judgeHistory } from './history.ts';

const print = (line: string): void => console.log(line);

export async function open(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg === '--history' || arg.startsWith('--history='))) {
    return judgeHistory(args, { out: print, error: console.error });
  }
  const request = requestOf(args);
  if (typeof request === 'number') return request;
  try {
    const { exitCode, json } = await obey(request, print);
    if (request.isJson) print(JSON.stringify(json));
    return exitCode;
  } catch (error) {
    return tellUsage(error);
  }
}

/** Throws on what is no fault of the command line. */
function tellUsage(error: unknown): number {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  return EXIT.usage;
}

/** The request, or the exit code where there is none to obey. */
function requestOf(args: readonly string[]): Request | number {
  try {
    return parseRequest(args);
  } catch (error) {
    if (error instanceof HelpShown) {
      print(error.message);
      return EXIT.pass;
    }
    return tellUsage(error);
  }
}
