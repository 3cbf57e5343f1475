/**
 * The native helper's addon, if there is one that fits.
 *
 * 1. It is built by `npm install`, or by hand (docs/hacking.md), into native/build/apex.node. Who has
 *    built another one, with a sanitizer, names it in APEX_ADDON.
 * 2. An addon of another number than ours is not used: its functions may take other arguments.
 * 3. That there is none is no error here. Who was told to use it says so.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.ts';

/** native/addon/version.h has the same number. */
const ADDON_VERSION = 9;

const ADDON_FILE = fileURLToPath(new URL('../../../native/build/apex.node', import.meta.url));

export type LoadedAddon =
  | { readonly addon: Addon; readonly reason: null }
  | { readonly addon: null; readonly reason: string };

export function loadAddon(): LoadedAddon {
  const { APEX_ADDON = ADDON_FILE } = process.env;
  return loadAddonFrom(APEX_ADDON);
}

export function loadAddonFrom(file: string): LoadedAddon {
  if (!existsSync(file)) return none(`it is not built: ${file} is missing`);
  try {
    const addon = createRequire(import.meta.url)(file) as Addon;
    if (addon.version === ADDON_VERSION) return { addon, reason: null };
    return none(`it is number ${addon.version}, not ${ADDON_VERSION}: build it anew`);
  } catch (error) {
    return none(error instanceof Error ? error.message : String(error));
  }
}

const none = (reason: string): LoadedAddon => ({ addon: null, reason });
