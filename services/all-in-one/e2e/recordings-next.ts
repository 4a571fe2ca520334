import { RECORDED_PROJECT, type Part, type Recorded } from './recordings.ts';

/**
 * Legacy batches as the TypeScript client after 0.11 sends calls: start and end are paired and sent as one; ops that run long
 * (`Evaluation.evaluate`) send both at once, one by one. Files come with the digest that they should have.
 */
export class NextClient {
  private readonly held = new Map<string, CallPart>();
  private readonly eager = new Map<string, CallPart>();

  /** Anything but batches and files stays as it is. */
  requestsFor(request: Recorded): Pick<Recorded, 'path' | 'body'>[] {
    if (request.path === '/file/create') return [withDigest(request)];
    if (request.path !== '/call/upsert_batch') return [request];
    const single: Pick<Recorded, 'path' | 'body'>[] = [];
    const complete: CallPart[] = [];
    for (const { req } of (request.body as unknown as { batch: readonly Item[] }).batch) {
      const { start, end } = req;
      if (start !== undefined) {
        if (!isEager(start)) this.held.set(start.id, start);
        else {
          this.eager.set(start.id, start);
          single.push({ path: `${V2}/call/start`, body: { start } });
        }
      }
      if (end !== undefined) {
        // The name is the start's to send.
        const { display_name: _, ...rest } = end;
        const begun = this.eager.get(end.id);
        const start = this.held.get(end.id);
        if (begun !== undefined)
          single.push({ path: `${V2}/call/end`, body: { end: { ...rest, trace_id: begun.trace_id } } });
        else if (start !== undefined) complete.push({ ...start, ...rest });
        this.held.delete(end.id);
      }
    }
    return [
      ...single,
      ...(complete.length > 0 ? [{ path: `${V2}/calls/complete`, body: { batch: complete } }] : []),
    ];
  }

  /** Calls that have begun and not ended. */
  unpaired(): readonly string[] {
    return [...this.held.keys()];
  }
}

const V2 = `/v2/${RECORDED_PROJECT}`;
type CallPart = Readonly<Record<string, unknown>> & { readonly id: string };
interface Item {
  readonly req: { readonly start?: CallPart; readonly end?: CallPart };
}

const isEager = ({ op_name }: CallPart) => (op_name as string).includes('/op/Evaluation.evaluate:');

/** Not for content that was not recorded. */
function withDigest(request: Recorded): Pick<Recorded, 'path' | 'body'> {
  const parts = (request.body as { multipart: readonly Part[] }).multipart;
  const file = parts.find(({ name }) => name === 'file')!;
  if (file.text === undefined || Buffer.byteLength(file.text) !== file.bytes) return request;
  const { digest } = request.response as { digest: string };
  const expected = { name: 'expected_digest', text: digest, bytes: digest.length };
  return { path: request.path, body: { multipart: [...parts, expected] } };
}
