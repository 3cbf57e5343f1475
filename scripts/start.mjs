// `npm start`: three nodes on this machine, in the foreground.
import { handOver } from './bootstrap.mjs';

handOver('scripts/cluster/main.ts', process.argv.slice(2));
