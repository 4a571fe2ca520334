import { readUsage } from '@weft/model';
import { costsOf, priceBook, type Price, type Prices } from '@weft/prices';
import type { StoredCall, StoredPrice, TraceReader } from '@weft/trace-store';

/** What calls cost, for the pages of one answer: a project's prices are asked for once per model. */
export class CallCosts {
  private readonly reader: Pick<TraceReader, 'pricesOf'>;
  private readonly projectId: string;
  private readonly asked = new Set<string>();
  private readonly found: Price[] = [];
  private prices: Prices = priceBook([]);

  constructor(reader: Pick<TraceReader, 'pricesOf'>, projectId: string) {
    this.reader = reader;
    this.projectId = projectId;
  }

  /** Due before `of` is asked about these calls. */
  async load(calls: readonly StoredCall[]): Promise<void> {
    await this.loadModels(calls.flatMap(({ summary }) => readUsage(summary).map(({ model }) => model)));
  }

  async loadModels(models: readonly string[]): Promise<void> {
    const unknown = [...new Set(models)].filter((model) => !this.asked.has(model));
    if (unknown.length === 0) return;
    for (const model of unknown) this.asked.add(model);
    const found = await this.reader.pricesOf(this.projectId, unknown);
    if (found.length === 0) return;
    this.found.push(...found.map(toPrice));
    this.prices = priceBook(this.found);
  }

  /** JSON of `summary.weave.costs`; undefined = none. */
  of(call: StoredCall): string | undefined {
    return costsOf(this.projectId, call.summary, call.startedAtUs, this.prices);
  }

  priceOf(model: string, atUs: number): Price | undefined {
    return this.prices.priceOf(model, atUs);
  }
}

function toPrice(price: StoredPrice): Price {
  return { ...price, level: 'project' };
}
