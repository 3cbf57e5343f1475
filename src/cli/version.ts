/** Name and version as package.json has them. */
import manifest from '../../package.json' with { type: 'json' };

export const SERVICE = 'apex-kv';
export const VERSION: string = manifest.version;
