import { expect, it } from '@jest/globals';
import { ConfigError } from '@weft/runtime';
import { parseStoreUri } from './uri.ts';

it.each([
  ['s3://bucket', 's3', 's3://bucket'],
  ['s3://bucket/', 's3', 's3://bucket'],
  ['gs://my.bucket_1', 'gs', 'gs://my.bucket_1'],
  ['az://account/container/', 'az', 'az://account/container'],
  ['file:///var/lib/weft/blobs/', 'file', 'file:///var/lib/weft/blobs'],
  ['file:///with%20space/@home', 'file', 'file:///with%20space/@home'],
  ['memory://name', 'memory', 'memory://name'],
])('%s', (text, scheme, uri) => expect(parseStoreUri(text)).toEqual({ scheme, uri }));

it.each([
  ['bucket', 'is not a URI'],
  ['/var/lib/blobs', 'is not a URI'],
  ['s3:bucket', 'is not a URI'],
  ['http://bucket', 'scheme'],
  ['S3://bucket', 'scheme'],
  ['s3://', 'names no bucket'],
  ['gs:///', 'names no bucket'],
  ['s3://bucket/path', 'keys always begin with weave/projects/'],
  ['gs://bucket/a/b/', 'keys always begin with weave/projects/'],
  ['az://account/container/path', 'keys always begin with weave/projects/'],
  ['az://', 'names no account'],
  ['az://account', 'names no container'],
  ['az://account//', 'names no container'],
  ['s3://bucket?region=us', 'neither a query nor a fragment'],
  ['s3://bucket#x', 'neither a query nor a fragment'],
  ['s3://AKIAEXAMPLE:hush@bucket', 'no credentials'],
  ['az://hush@account/container', 'no credentials'],
  ['file://dir', 'three slashes'],
  ['file://dir/blobs', 'three slashes'],
  ['file:///', 'names no folder'],
  ['file:////', 'names no folder'],
  ['file:///a%2fb', 'names no folder'],
  ['file:///%zz', 'names no folder'],
])('%s is refused, and not quoted', (text, problem) => {
  const parse = () => parseStoreUri(text);
  expect(parse).toThrow(ConfigError);
  expect(parse).toThrow(problem);
  expect(parse).toThrow(expect.objectContaining({ variables: ['WF_FILE_STORAGE_URI'] }));
  expect(parse).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hush') }));
});
