import { expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { ConfigError, Secret } from '@weft/runtime';
import type { BlobStoreConfig } from './env.ts';
import { openBlobStore } from './open.ts';

const HUSH = 'aHVzaA==';
const secret = new Secret(HUSH);
const base64 = (value: unknown) => new Secret(Buffer.from(JSON.stringify(value)).toString('base64'));
const connection = (text: string) => ({ WF_FILE_STORAGE_AZURE_CONNECTION_STRING: new Secret(text) });
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const AWS = { WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: 'id', WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: secret };
const GOOGLE = { type: 'service_account', client_email: 'weft@example.com', private_key: privateKey };

it.each<[string, BlobStoreConfig]>([
  ['s3://bucket', {}],
  ['s3://bucket', { ...AWS, WF_FILE_STORAGE_AWS_SESSION_TOKEN: secret }],
  ['s3://bucket', { ...AWS, WEFT_FILE_STORAGE_AWS_ENDPOINT: 'https://minio.example.com' }],
  ['gs://bucket', {}],
  ['gs://bucket', { WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64: base64(GOOGLE) }],
  ['az://account/container', {}],
  ['az://account/container', { WF_FILE_STORAGE_AZURE_ACCESS_KEY: secret }],
  ['az://account/container', connection(`AccountName=account;AccountKey=${HUSH}`)],
  ['file:///var/lib/weft/blobs', {}],
  // What is said of other stores is not looked at.
  ['file:///var/lib/weft/blobs', { WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: 'id' }],
  ['gs://bucket', connection('nonsense')],
  ['memory://name', {}],
])('opens %s', async (uri, config) => {
  const store = openBlobStore(uri, config);
  expect(store.uri).toBe(uri);
  await store.close();
});

it('gives a store the name without a slash at its end', () => {
  expect(openBlobStore('s3://bucket/', {}).uri).toBe('s3://bucket');
  expect(openBlobStore('az://account/container/', {}).uri).toBe('az://account/container');
  expect(openBlobStore('file:///dir/', {}).uri).toBe('file:///dir');
});

const AWS_ID = 'WF_FILE_STORAGE_AWS_ACCESS_KEY_ID';
const AWS_SECRET = 'WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY';
const AZURE = 'WF_FILE_STORAGE_AZURE_CONNECTION_STRING';
const AZURE_KEY = 'WF_FILE_STORAGE_AZURE_ACCESS_KEY';
const AZURE_URL = 'WF_FILE_STORAGE_AZURE_ACCOUNT_URL';
const GCP = 'WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64';

it.each<[string, BlobStoreConfig, string]>([
  ['http://bucket', {}, 'WF_FILE_STORAGE_URI'],
  ['s3://no_such~name', {}, 'WF_FILE_STORAGE_URI'],
  ['gs://UPPER', {}, 'WF_FILE_STORAGE_URI'],
  ['az://account/no_underscores', {}, 'WF_FILE_STORAGE_URI'],
  ['s3://bucket', { WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: HUSH }, AWS_SECRET],
  ['s3://bucket', { WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: secret }, AWS_ID],
  ['s3://bucket', { WF_FILE_STORAGE_AWS_SESSION_TOKEN: secret }, 'WF_FILE_STORAGE_AWS_SESSION_TOKEN'],
  ['s3://bucket', { WEFT_FILE_STORAGE_AWS_ENDPOINT: 'minio:9000' }, 'WEFT_FILE_STORAGE_AWS_ENDPOINT'],
  [
    's3://bucket',
    { WEFT_FILE_STORAGE_AWS_ENDPOINT: `https://id:${HUSH}@minio` },
    'WEFT_FILE_STORAGE_AWS_ENDPOINT',
  ],
  ['az://account/container', connection(HUSH), AZURE],
  ['az://account/container', connection(`AccountName=other;AccountKey=${HUSH}`), AZURE],
  ['az://account/container', connection('AccountName=account;AccountKey=not base64'), AZURE],
  ['az://account/container', { WF_FILE_STORAGE_AZURE_ACCESS_KEY: new Secret('not base64') }, AZURE_KEY],
  ['az://account/container', { WF_FILE_STORAGE_AZURE_ACCOUNT_URL: 'account' }, AZURE_URL],
  [
    'gs://bucket',
    { WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64: new Secret('{"type":"service_account"}') },
    GCP,
  ],
  ['gs://bucket', { WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64: secret }, GCP],
  ['gs://bucket', { WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64: base64([]) }, GCP],
  [
    'gs://bucket',
    { WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64: base64({ ...GOOGLE, private_key: HUSH }) },
    GCP,
  ],
  ['gs://bucket', { WEFT_FILE_STORAGE_GCP_ENDPOINT: 'localhost' }, 'WEFT_FILE_STORAGE_GCP_ENDPOINT'],
])('refuses %s with bad settings, and names what is bad', (uri, config, variable) => {
  const open = () => openBlobStore(uri, config);
  expect(open).toThrow(ConfigError);
  expect(open).toThrow(expect.objectContaining({ variables: [variable] }));
  expect(open).toThrow(expect.objectContaining({ message: expect.stringContaining(`  ${variable} `) }));
  expect(open).toThrow(expect.objectContaining({ message: expect.not.stringContaining(HUSH) }));
});
