import { Secret } from '@weft/runtime';
import type { S3Access } from '@weft/testkit';
import type { BlobStoreConfig } from '../env.ts';

/** What says how to speak with the S3 of the tests. */
export function s3ConfigOf(s3: S3Access, secretAccessKey = s3.secretAccessKey): BlobStoreConfig {
  return {
    WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: s3.accessKeyId,
    WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: new Secret(secretAccessKey),
    WF_FILE_STORAGE_AWS_REGION: s3.region,
    WEFT_FILE_STORAGE_AWS_ENDPOINT: s3.url,
  };
}
