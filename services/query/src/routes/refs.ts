import { requireProject, route, type Route } from '@weft/http';
import { AppError, INTERNAL_REF_SCHEME, parseRef, valueError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { refsReadBatch } from '@weft/weave-api';
import { JsonOut } from '../json-out.ts';
import { readRefs, type ObjectRef } from '../refs/read-refs.ts';
import { sendChunks } from '../send.ts';

const MAX_REFS = 1000;
/** Memory held for an answer that is on its way out. */
const FLUSH_BYTES = 256 * 1024;

/** Values by refs (weave-api §4.7, §7.3). */
export function refRoutes(reader: TraceReader): Route[] {
  return [
    route(refsReadBatch, async ({ refs: texts }, { req, res, signal }) => {
      if (texts.length > MAX_REFS) throw valueError('Too many refs');
      const refs = texts.map(parseObjectRef);
      // The refs name the projects: the key has to reach each of them.
      for (const projectId of new Set(refs.map((ref) => ref.projectId)))
        requireProject(req, projectId, 'read');
      await sendChunks(req, res, 'application/json', renderVals(reader, refs, signal));
    }),
  ];
}

function parseObjectRef(text: string): ObjectRef {
  if (text.startsWith(INTERNAL_REF_SCHEME))
    throw new AppError('invalid_request', 'Encountered unexpected internal ref format.');
  const ref = parseRef(text);
  if (ref.kind === 'table') throw valueError('Table refs not supported');
  if (ref.kind === 'call') throw valueError('Call refs not supported in batch read, use calls_query_stream');
  if (ref.version === 'latest') throw valueError('Reading refs with `latest` is not supported');
  return ref;
}

async function* renderVals(
  reader: TraceReader,
  refs: readonly ObjectRef[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const out = new JsonOut();
  out.text('{"vals":[');
  let separator = '';
  for await (const values of readRefs(reader, refs, signal)) {
    for (const value of values) {
      out.text(separator);
      separator = ',';
      if (value === null) out.text('null');
      else out.bytes(value);
      if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
    }
  }
  out.text(']}');
  yield out.take();
}
