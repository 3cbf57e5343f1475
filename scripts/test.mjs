// `npm test`, `npm run test:core`, `npm run ci`: the argument names the list in checks/stages.ts.
import { handOver } from './bootstrap.mjs';

handOver('scripts/checks/main.ts', process.argv.slice(2));
