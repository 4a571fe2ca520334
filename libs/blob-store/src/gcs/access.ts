import { createPrivateKey } from 'node:crypto';
import { ConfigError } from '@weft/runtime';
import type { BlobStoreConfig } from '../env.ts';

/** Which bucket it is and with what it is opened. */
export interface GcsAccess {
  readonly uri: string;
  readonly bucket: string;
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly credentials:
    | { readonly kind: 'json'; readonly json: Readonly<Record<string, unknown>> }
    /** Application default credentials: https://cloud.google.com/docs/authentication/application-default-credentials */
    | { readonly kind: 'ambient' }
    /** A store of another maker must not get to see a token of Google's that nobody gave to it. */
    | { readonly kind: 'none' };
}

const URI = 'WF_FILE_STORAGE_URI';
const CREDENTIALS = 'WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64';
const ENDPOINT = 'WEFT_FILE_STORAGE_GCP_ENDPOINT';
const KINDS = new Set<unknown>(['service_account', 'external_account', 'authorized_user']);

/** `gs://bucket`. @throws ConfigError naming the variables; never their values. */
export function gcsAccess(uri: string, config: BlobStoreConfig): GcsAccess {
  const bucket = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/?$/.exec(uri)?.[1];
  if (bucket === undefined) throw bad(URI, 'is not gs://bucket (lower-case letters, digits, - _ .)');
  const json = config.WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64 && credentialsIn(config);
  const given = config.WEFT_FILE_STORAGE_GCP_ENDPOINT;
  const universe = typeof json?.['universe_domain'] === 'string' ? json['universe_domain'] : 'googleapis.com';
  const endpoint = endpointIn(given ?? `https://storage.${universe}`);
  if (json !== undefined) return { uri, bucket, endpoint, credentials: { kind: 'json', json } };
  return { uri, bucket, endpoint, credentials: { kind: given === undefined ? 'ambient' : 'none' } };
}

function credentialsIn(config: BlobStoreConfig): Readonly<Record<string, unknown>> {
  const text = config.WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64!.reveal().replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw bad(CREDENTIALS, 'is not base64');
  const json = objectIn(Buffer.from(text, 'base64').toString('utf8'));
  if (json === undefined) throw bad(CREDENTIALS, 'is not base64 of a JSON object');
  if (!KINDS.has(json['type']))
    throw bad(CREDENTIALS, `has another "type" than ${[...KINDS].join(', ')}: it is no credentials file`);
  if (json['type'] === 'service_account') checkServiceAccount(json);
  return json;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function checkServiceAccount(json: Readonly<Record<string, unknown>>): void {
  for (const member of ['client_email', 'private_key'])
    if (typeof json[member] !== 'string' || json[member] === '')
      throw bad(CREDENTIALS, `is of a service account without its "${member}"`);
  try {
    createPrivateKey(json['private_key'] as string);
  } catch {
    throw bad(CREDENTIALS, 'has a "private_key" that cannot be read');
  }
}

function endpointIn(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw bad(ENDPOINT, 'is not an http(s) address');
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw bad(ENDPOINT, 'may have neither credentials nor a query');
  return url.href.replace(/\/+$/, '');
}

function bad(variable: string, problem: string): ConfigError {
  return new ConfigError([`${variable} ${problem}`], [variable]);
}
