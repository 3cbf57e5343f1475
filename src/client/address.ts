/** Where nodes listen for clients: `HOST:PORT`, several with commas, IPv6 in brackets. */

export interface Address {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:,/[\]]+)):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** The addresses in their order, without repetitions, or a sentence that says what is wrong. */
export function parseAddresses(text: string): readonly Address[] | string {
  const addresses: Address[] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    const address = parseAddress(part);
    if (address === null) return `"${part}" is not HOST:PORT`;
    if (!addresses.some((known) => isSame(known, address))) addresses.push(address);
  }
  return addresses;
}

function parseAddress(text: string): Address | null {
  const match = ADDRESS.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  return port >= 1 && port <= PORT_MAX ? { host: match[1] ?? match[2]!, port } : null;
}

function isSame(left: Address, right: Address): boolean {
  return left.host === right.host && left.port === right.port;
}

export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
