/** Media that calls only refer to: where their bytes are, and what was read of them. */

export type MediaKind = 'image' | 'audio' | 'video';

/** Why there are no bytes. `missing`: they may be yet to come; `gone`: they are not. */
export type Unread = 'missing' | 'gone' | 'too_large';

/** Objects and files of one project, and of no other. */
export interface MediaSource {
  readonly projectId: string;
  /** Value of an object's version as JSON, UTF-8. @throws AppError `store_unavailable` */
  readObject(name: string, version: string, maxBytes: number): Promise<Uint8Array | Unread>;
  /** @throws AppError `storage_unavailable`, `store_unavailable` */
  readFile(digest: string, maxBytes: number): Promise<Uint8Array | Unread>;
}

export interface ReadMedium {
  readonly kind: MediaKind;
  /** `image/png` */
  readonly mimeType: string;
  readonly base64: string;
}

/** It is known what it would be, and why it is not there. */
export interface LeftOutMedium {
  readonly kind: MediaKind;
  readonly leftOut: string;
}

export interface ReadMedia {
  /** By the key of what refers to them. What is no medium, or of a kind that is not looked at, is not there. */
  readonly found: ReadonlyMap<string, ReadMedium | LeftOutMedium>;
  /** Something is missing that may be yet to come. */
  readonly isMissing: boolean;
}
