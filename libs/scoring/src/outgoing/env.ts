import { envString } from '@weft/runtime';
import { z } from 'zod';
import { parseCidr, type Cidr } from './addresses.ts';
import { parseAllowedHost, type AllowedHost } from './destinations.ts';

/** A comma list of `host`, `host:port` and origins; unset = nothing is allowed. */
export const envAllowedHosts = (): z.ZodType<readonly AllowedHost[]> =>
  envList(parseAllowedHost, 'must be a comma list of host, host:port or origin (https://host:port)');

/** A comma list of address ranges; unset = none. */
export const envCidrs = (): z.ZodType<readonly Cidr[]> =>
  envList(parseCidr, 'must be a comma list of address ranges such as 10.1.0.0/16 or fd00::/8');

function envList<T>(parse: (entry: string) => T | undefined, message: string): z.ZodType<readonly T[]> {
  return envString({ default: '' }).transform((text, context) => {
    const entries = text.split(',').filter((entry) => entry.trim() !== '');
    const parsed = entries.map(parse).filter((entry) => entry !== undefined);
    if (parsed.length === entries.length) return parsed;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}
