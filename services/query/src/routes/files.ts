import { Readable } from 'node:stream';
import { AppError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { asBuffer } from '../splice.ts';
import { FileContentRequest } from '../object-requests.ts';
import { route, type Route } from '../route.ts';
import { sendChunks } from '../send.ts';

/** Reading files (weave-api §4.7): both spellings are in use by clients. */
export function fileRoutes(reader: TraceReader): Route[] {
  return ['/file/content', '/files/content'].map((path) =>
    route(path, FileContentRequest, async (request, { req, res }) => {
      const file = await reader.readFile(request.project_id, request.digest);
      if (file === null) throw new AppError('not_found', `File ${request.digest} not found`);
      // Bytes of strangers: never shown by a browser in our origin.
      res.setHeader('content-disposition', 'attachment');
      await sendChunks(
        req,
        res,
        'application/octet-stream',
        Readable.from(file.bytes.length === 0 ? [] : [asBuffer(file.bytes)]),
      );
    }),
  );
}
