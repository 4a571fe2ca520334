import { ConfigError } from '@weft/runtime';
import type { BlobStoreConfig } from '../env.ts';

/** Whose bucket it is and with what it is opened. */
export interface S3Bucket {
  readonly uri: string;
  readonly bucket: string;
  /** Of an S3-compatible store, without a slash at the end. undefined = AWS. */
  readonly endpoint: string | undefined;
  /** undefined = what the environment says. */
  readonly region: string | undefined;
  /** undefined = what the environment has: variables, profile, web identity, container or machine role. */
  readonly credentials:
    | {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken?: string;
      }
    | undefined;
  readonly kmsKey: string | undefined;
}

const URI = 'WF_FILE_STORAGE_URI';
const KEY_ID = 'WF_FILE_STORAGE_AWS_ACCESS_KEY_ID';
const SECRET_KEY = 'WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY';
const SESSION_TOKEN = 'WF_FILE_STORAGE_AWS_SESSION_TOKEN';
const ENDPOINT = 'WEFT_FILE_STORAGE_AWS_ENDPOINT';

/** @throws ConfigError naming the variables; never their values. */
export function s3Bucket(uri: string, config: BlobStoreConfig): S3Bucket {
  return {
    uri,
    bucket: bucketIn(uri),
    endpoint: endpointIn(config.WEFT_FILE_STORAGE_AWS_ENDPOINT),
    region: config.WF_FILE_STORAGE_AWS_REGION,
    credentials: credentialsIn(config),
    kmsKey: config.WF_FILE_STORAGE_AWS_KMS_KEY,
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; other stores have older, looser ones. */
function bucketIn(uri: string): string {
  const bucket = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9])\/?$/.exec(uri)?.[1];
  if (bucket === undefined)
    throw bad(URI, 'is not s3://bucket (letters, digits, dots and hyphens, and no path)');
  return bucket;
}

function endpointIn(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw bad(ENDPOINT, 'is not an http(s) address');
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    throw bad(ENDPOINT, 'has to be an address without query and credentials');
  return url.href.replace(/\/+$/, '');
}

function credentialsIn(config: BlobStoreConfig): S3Bucket['credentials'] {
  const accessKeyId = config.WF_FILE_STORAGE_AWS_ACCESS_KEY_ID;
  const secretAccessKey = config.WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY?.reveal();
  const sessionToken = config.WF_FILE_STORAGE_AWS_SESSION_TOKEN?.reveal();
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  if (accessKeyId !== undefined) throw bad(SECRET_KEY, `has to be set where ${KEY_ID} is`);
  if (secretAccessKey !== undefined) throw bad(KEY_ID, `has to be set where ${SECRET_KEY} is`);
  if (sessionToken !== undefined) throw bad(SESSION_TOKEN, `is of use with ${KEY_ID} and ${SECRET_KEY} only`);
  return undefined;
}

function bad(variable: string, problem: string): ConfigError {
  return new ConfigError([`${variable} ${problem}`], [variable]);
}
