import { z } from 'zod';
import { given, projectId } from '../members.ts';
import { bytes, defineRoute, json } from '../route-spec.ts';

/** Files (weave-api §4.7): both spellings are in use by clients. */

const tag = 'Files';

export const fileCreate = defineRoute({
  method: 'post',
  path: '/file/create',
  aliases: ['/files/create'],
  tag,
  access: 'write',
  summary: 'Stores a file under the digest of its bytes',
  body: 'multipart',
  request: z.object({
    project_id: projectId,
    file: z.string().meta({ format: 'binary' }),
    expected_digest: given(z.string()),
  }),
  answer: json(z.object({ digest: z.string() })),
});

export const fileContent = defineRoute({
  method: 'post',
  path: '/file/content',
  aliases: ['/files/content'],
  tag,
  summary: 'The bytes of a file',
  request: z.object({ project_id: projectId, digest: z.string() }),
  answer: bytes,
});

export type FileContentRequest = z.output<typeof fileContent.request>;

/** For browsers and curl: `Range`, `If-Range` and `If-None-Match` are honoured, as they are by `fileContent`. */
export const fileDownload = defineRoute({
  method: 'get',
  path: '/weft/v1/files/{entity}/{project}/{digest}',
  tag,
  summary: 'The bytes of a file as a download, whole or a range of them; HEAD says how many',
  request: fileContent.request,
  answer: bytes,
});

export const FILE_ROUTES = [fileCreate, fileContent, fileDownload];
