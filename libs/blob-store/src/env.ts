import { envSecret, envString, type Secret } from '@weft/runtime';

/** Where blobs go and with whose keys: W&B's names and meanings. What is said of another store than the one in use is not looked at. */
export const blobStoreEnv = {
  /** `s3://bucket`, `gs://bucket`, `az://account/container`, or `file:///dir`, a folder that all processes share. */
  WF_FILE_STORAGE_URI: envString().optional(),
  WF_FILE_STORAGE_AWS_ACCESS_KEY_ID: envString().optional(),
  WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY: envSecret().optional(),
  WF_FILE_STORAGE_AWS_SESSION_TOKEN: envSecret().optional(),
  WF_FILE_STORAGE_AWS_REGION: envString().optional(),
  /** Key id or ARN: blobs are encrypted with it (`aws:kms`). */
  WF_FILE_STORAGE_AWS_KMS_KEY: envString().optional(),
  /** Of an S3-compatible store, `https://minio.example.com`; then the bucket stands in the path. */
  WEFT_FILE_STORAGE_AWS_ENDPOINT: envString().optional(),
  WF_FILE_STORAGE_AZURE_CONNECTION_STRING: envSecret().optional(),
  WF_FILE_STORAGE_AZURE_ACCESS_KEY: envSecret().optional(),
  WF_FILE_STORAGE_AZURE_ACCOUNT_URL: envString().optional(),
  WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64: envSecret().optional(),
  /** Of a GCS-compatible store. */
  WEFT_FILE_STORAGE_GCP_ENDPOINT: envString().optional(),
};

export interface BlobStoreConfig {
  readonly WF_FILE_STORAGE_URI?: string | undefined;
  readonly WF_FILE_STORAGE_AWS_ACCESS_KEY_ID?: string | undefined;
  readonly WF_FILE_STORAGE_AWS_SECRET_ACCESS_KEY?: Secret | undefined;
  readonly WF_FILE_STORAGE_AWS_SESSION_TOKEN?: Secret | undefined;
  readonly WF_FILE_STORAGE_AWS_REGION?: string | undefined;
  readonly WF_FILE_STORAGE_AWS_KMS_KEY?: string | undefined;
  readonly WEFT_FILE_STORAGE_AWS_ENDPOINT?: string | undefined;
  readonly WF_FILE_STORAGE_AZURE_CONNECTION_STRING?: Secret | undefined;
  readonly WF_FILE_STORAGE_AZURE_ACCESS_KEY?: Secret | undefined;
  readonly WF_FILE_STORAGE_AZURE_ACCOUNT_URL?: string | undefined;
  readonly WF_FILE_STORAGE_GCP_CREDENTIALS_JSON_B64?: Secret | undefined;
  readonly WEFT_FILE_STORAGE_GCP_ENDPOINT?: string | undefined;
}
