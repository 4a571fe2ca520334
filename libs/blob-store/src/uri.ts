import { ConfigError } from '@weft/runtime';

const URI = 'WF_FILE_STORAGE_URI';
const FORMS = 's3://bucket, gs://bucket, az://account/container or file:///dir';

/** Where blobs go. Without a slash at the end. */
export interface StoreUri {
  readonly scheme: 's3' | 'gs' | 'az' | 'file' | 'memory';
  readonly uri: string;
}

/**
 * Reads what says where blobs go, as W&B's server does but for paths: it overlooks them, and whoever wrote one means it.
 * @throws ConfigError that names the variable and, since credentials may stand in it, not its value.
 */
export function parseStoreUri(text: string): StoreUri {
  const [, scheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) throw bad(`is not a URI: ${FORMS}`);
  if (/[?#]/.test(rest)) throw bad(`may have neither a query nor a fragment: ${FORMS}`);
  if (rest.slice(0, rest.indexOf('/') >>> 0).includes('@'))
    throw bad(`may hold no credentials, they have variables of their own: ${FORMS}`);
  const segments = rest.replace(/\/$/, '').split('/');
  const uri = `${scheme}://${segments.join('/')}`;
  switch (scheme) {
    case 's3':
    case 'gs':
      if (segments[0] === '') throw bad(`names no bucket: ${scheme}://bucket`);
      if (segments.length > 1) throw noPath(`${scheme}://bucket`);
      return { scheme, uri };
    case 'az':
      if (segments[0] === '') throw bad('names no account: az://account/container');
      if (segments.length < 2 || segments[1] === '') throw bad('names no container: az://account/container');
      if (segments.length > 2) throw noPath('az://account/container');
      return { scheme, uri };
    case 'file':
      if (segments[0] !== '') throw bad('names a folder of this machine with three slashes: file:///dir');
      if (segments.length < 2 || segments.indexOf('', 1) > 0 || !isPath(rest))
        throw bad('names no folder: file:///dir');
      return { scheme, uri };
    case 'memory':
      return { scheme, uri };
    default:
      throw bad(`has a scheme that is none of ${FORMS}`);
  }
}

/** What Node takes for one. */
function isPath(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return !/%2f|%00/i.test(encoded);
  } catch {
    return false;
  }
}

function noPath(form: string): ConfigError {
  return bad(`may have no path, only ${form}: keys always begin with weave/projects/`);
}

function bad(problem: string): ConfigError {
  return new ConfigError([`${URI} ${problem}`], [URI]);
}
