// What scripts/dev-run.sh does first: installs what is missing, and sees whether the command runs.
import { handOver } from './bootstrap.mjs';

handOver('src/main.ts', ['--version']);
