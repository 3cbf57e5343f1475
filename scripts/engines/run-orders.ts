/** Runs under each Node: `node run-orders.ts MODULE ORDERS`, both as the engine below gives them. */
import { pathToFileURL } from 'node:url';
import type { EngineOrder } from './simulator.ts';

const [file, orders] = process.argv.slice(2);
const { answerOrder } = await import(pathToFileURL(file!).href);
const answers = (JSON.parse(orders!) as EngineOrder[]).map(answerOrder);
process.stdout.write(JSON.stringify(answers));
