import { ConfigError } from '@weft/runtime';
import type { BlobStoreConfig } from '../env.ts';

/** Whose container it is and with what it is opened. */
export interface AzureAccount {
  readonly uri: string;
  readonly account: string;
  readonly container: string;
  /** Of the blob service. */
  readonly serviceUrl: string;
  readonly credential:
    | { readonly kind: 'key'; readonly key: string }
    /** The query of a shared access signature. */
    | { readonly kind: 'sas'; readonly sas: string }
    /** Workload identity, managed identity, or what else the environment has. */
    | { readonly kind: 'ambient' };
}

const URI = 'WF_FILE_STORAGE_URI';
const CONNECTION_STRING = 'WF_FILE_STORAGE_AZURE_CONNECTION_STRING';
const ACCESS_KEY = 'WF_FILE_STORAGE_AZURE_ACCESS_KEY';
const ACCOUNT_URL = 'WF_FILE_STORAGE_AZURE_ACCOUNT_URL';

// What the development storage is known by: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
const DEVELOPMENT = new Map([
  ['AccountName', 'devstoreaccount1'],
  ['AccountKey', 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='],
  ['BlobEndpoint', 'http://127.0.0.1:10000/devstoreaccount1'],
]);

/**
 * `az://account/container` with, in this order, the connection string, the access key, or what the environment has.
 * @throws ConfigError naming the variables; never their values.
 */
export function azureAccount(uri: string, config: BlobStoreConfig): AzureAccount {
  const { account, container } = namesIn(uri);
  const connectionString = config.WF_FILE_STORAGE_AZURE_CONNECTION_STRING?.reveal();
  const access =
    connectionString === undefined
      ? ofVariables(account, config)
      : ofConnectionString(account, connectionString);
  return { uri, account, container, ...access };
}

type Access = Pick<AzureAccount, 'serviceUrl' | 'credential'>;

/** The names' rules: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
function namesIn(uri: string): { account: string; container: string } {
  const match = /^az:\/\/([a-z0-9]{3,24})\/([^/]+)\/?$/.exec(uri);
  const container = match?.[2] ?? '';
  if (match === null || !/^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(container))
    throw bad(
      URI,
      'is not az://account/container (lower-case letters and digits; in the container, hyphens)',
    );
  return { account: match[1]!, container };
}

function ofVariables(account: string, config: BlobStoreConfig): Access {
  const given = config.WF_FILE_STORAGE_AZURE_ACCOUNT_URL ?? `https://${account}.blob.core.windows.net/`;
  const serviceUrl = serviceUrlIn(given, ACCOUNT_URL);
  const key = config.WF_FILE_STORAGE_AZURE_ACCESS_KEY?.reveal();
  if (key !== undefined)
    return { serviceUrl, credential: { kind: 'key', key: keyIn(key, ACCESS_KEY, 'is not') } };
  if (serviceUrl.startsWith('http:'))
    throw bad(ACCOUNT_URL, `has to be https where neither ${CONNECTION_STRING} nor ${ACCESS_KEY} is set`);
  return { serviceUrl, credential: { kind: 'ambient' } };
}

/** https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string */
function ofConnectionString(account: string, text: string): Access {
  const given = settingsIn(text);
  const settings = given.get('UseDevelopmentStorage') === 'true' ? DEVELOPMENT : given;
  const name = settings.get('AccountName');
  if (name !== undefined && name !== account)
    throw bad(CONNECTION_STRING, `is of another account than ${URI} names`);
  const scheme = settings.get('DefaultEndpointsProtocol') ?? 'https';
  const suffix = settings.get('EndpointSuffix') ?? 'core.windows.net';
  const endpoint = settings.get('BlobEndpoint') ?? `${scheme}://${account}.blob.${suffix}/`;
  const serviceUrl = serviceUrlIn(endpoint, CONNECTION_STRING);
  const sas = settings.get('SharedAccessSignature');
  if (sas !== undefined) return { serviceUrl, credential: { kind: 'sas', sas: sas.replace(/^\?/, '') } };
  const key = keyIn(
    settings.get('AccountKey') ?? '',
    CONNECTION_STRING,
    'has no SharedAccessSignature, and no',
  );
  return { serviceUrl, credential: { kind: 'key', key } };
}

function settingsIn(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const at = part.indexOf('=');
    if (at < 1) throw bad(CONNECTION_STRING, 'is not a list of Name=value; …');
    settings.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return settings;
}

function serviceUrlIn(text: string, variable: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw bad(variable, 'has no http(s) address of the blob service');
  if (url.search !== '' || url.username !== '' || url.password !== '')
    throw bad(variable, 'has an address with credentials in it');
  return url.href;
}

function keyIn(text: string, variable: string, isOrHas: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0)
    throw bad(variable, `${isOrHas} account key in base64`);
  return text;
}

function bad(variable: string, problem: string): ConfigError {
  return new ConfigError([`${variable} ${problem}`], [variable]);
}
