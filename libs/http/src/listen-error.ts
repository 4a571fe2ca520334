export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** The settings or options that an operator chose host and port with. */
  readonly names: readonly [host: string, port: string];
}

/** What can be done about an address that cannot be listened on; anything else comes back as it is. */
export function explainListenError(error: unknown, { host, port, names }: ListenAddress): unknown {
  const advice = adviceFor((error as NodeJS.ErrnoException | null)?.code, ...names);
  return advice === undefined
    ? error
    : new Error(`cannot listen on ${host}:${port}: ${advice}`, { cause: error });
}

function adviceFor(code: string | undefined, hostName: string, portName: string): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `something else listens there: stop it, or choose another port with ${portName} (0 = a free one)`;
    case 'EACCES':
      return `this user may not listen on that port: choose one from 1024 on with ${portName}`;
    case 'EADDRNOTAVAIL':
      return `this machine does not have that address: choose another one with ${hostName}`;
    case 'ENOTFOUND':
      return `nobody knows that host name: choose another one with ${hostName}`;
    default:
      return undefined;
  }
}
