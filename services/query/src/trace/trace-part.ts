import { costOf } from '@weft/prices';
import type { TraceReader } from '@weft/trace-store';
import type { CallCosts } from '../costs.ts';
import { Column, Dictionary, frame } from './columns.ts';

type TraceCall =
  ReturnType<TraceReader['streamTrace']> extends AsyncIterable<readonly (infer Call)[]> ? Call : never;

const STATES = ['success', 'error', 'running', 'descendant_error'] as const;
/** Most bytes of a name: an op's ref, or what somebody called it. */
const MAX_NAME = 300;

const u8 = (name: string) => new Column(name, Buffer.alloc(0) as Uint8Array);
const u32 = (name: string) => new Column(name, new Uint32Array(0));
const f64 = (name: string) => new Column(name, new Float64Array(0));

/** Calls of a trace as columns; their parents, names, models and errors as places in lists. */
export class TracePart {
  private readonly rowOf = new Map<string, number>();
  private readonly parentIds: (string | null)[] = [];
  private readonly names = new Dictionary();
  private readonly models = new Dictionary();
  private readonly errors = new Dictionary();
  private readonly ids = u8('ids');
  private readonly idEnds = u32('id_ends');
  private readonly nameOf = u32('names');
  private readonly starts = f64('starts');
  private readonly durations = f64('durations');
  private readonly states = u8('states');
  private readonly spans = u8('spans');
  private readonly usage = {
    row: u32('usage_rows'),
    model: u32('usage_models'),
    in: f64('usage_in'),
    out: f64('usage_out'),
    read: f64('usage_read'),
    written: f64('usage_written'),
    cost: f64('usage_costs'),
  };
  private readonly errorRow = u32('error_rows');
  private readonly errorText = u32('error_texts');
  private baseUs: number | undefined;
  last: TraceCall | undefined;

  get rows(): number {
    return this.idEnds.length;
  }

  add(call: TraceCall, costs: CallCosts): void {
    const row = this.rows;
    this.last = call;
    this.baseUs ??= call.startedAtUs;
    this.rowOf.set(call.id, row);
    this.parentIds.push(call.parentId);
    this.idEnds.push(this.ids.text(call.id));
    this.nameOf.push(this.names.placeOf((call.displayName ?? call.opName).slice(0, MAX_NAME)));
    this.starts.push(call.startedAtUs - this.baseUs);
    this.durations.push(call.endedAtUs === null ? -1 : Math.max(0, call.endedAtUs - call.startedAtUs));
    this.states.push(STATES.indexOf(call.status));
    this.spans.push(call.spanTraceId === '' ? 0 : 1);
    this.addUsage(row, call, costs);
    if (call.error === null) return;
    this.errorRow.push(row);
    this.errorText.push(this.errors.placeOf(call.error));
  }

  private addUsage(row: number, { usage, startedAtUs }: TraceCall, costs: CallCosts): void {
    for (const each of usage) {
      const price = costs.priceOf(each.model, startedAtUs);
      const cost = price === undefined ? undefined : costOf(each, price);
      this.usage.row.push(row);
      this.usage.model.push(this.models.placeOf(each.model));
      this.usage.in.push(each.promptTokens);
      this.usage.out.push(each.completionTokens);
      this.usage.read.push(each.cacheReadTokens);
      this.usage.written.push(each.cacheCreationTokens);
      this.usage.cost.push(
        cost === undefined ? NaN : cost.prompt + cost.completion + cost.cacheRead + cost.cacheCreation,
      );
    }
  }

  /** @param head what is to be said beside. */
  frame(head: object): Generator<Buffer> {
    const outside = new Dictionary();
    const parents = new Column('parents', new Int32Array(0));
    for (const id of this.parentIds)
      parents.push(id === null ? -1 : (this.rowOf.get(id) ?? -2 - outside.placeOf(id)));
    const texts = { names: this.names.texts, models: this.models.texts, errors: this.errors.texts };
    return frame({ rows: this.rows, base_us: this.baseUs ?? 0, ...head, ...texts, outside: outside.texts }, [
      ...[this.ids, this.idEnds, parents, this.nameOf, this.starts, this.durations, this.states],
      ...[this.spans, ...Object.values(this.usage), this.errorRow, this.errorText],
    ]);
  }
}
