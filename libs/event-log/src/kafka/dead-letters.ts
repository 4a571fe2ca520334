import { nowUs } from '@weft/model';
import type { IHeaders } from 'kafkajs';
import type { DeadLetter, Rejected, Topic } from '../event-log.ts';
import { decodeRecord, encodeRecord } from '../record.ts';
import type { Appender } from './appender.ts';
import type { ClusterView, RawMessage } from './cluster-view.ts';
import type { OutRecord } from './producer-source.ts';

const FETCH_BYTES = 4 << 20;
const IDS_PER_RECORD = 10_000;
/** Reasons are for people; beyond this they only make the record larger than the topic takes. */
const MAX_REASON_CHARS = 4000;
const PARTITION = 0;

/**
 * The topic beside a topic: a record for each dead letter (`reason`, `group`, `rejectedAtUs` in its headers, the event as
 * a record of one in its value), and a record for each time that some were settled (header `settles`, their ids as a JSON
 * array in its value).
 */
export class KafkaDeadLetters {
  readonly #view: ClusterView;
  readonly #appender: Appender;
  readonly #topic: Topic;
  readonly #name: string;

  constructor(view: ClusterView, appender: Appender, topic: Topic, name: string) {
    this.#view = view;
    this.#appender = appender;
    this.#topic = topic;
    this.#name = name;
  }

  async add(group: string, rejected: readonly Rejected[]): Promise<void> {
    const rejectedAtUs = String(nowUs());
    const records = rejected.map(({ event, reason }) =>
      this.#record(Buffer.concat(encodeRecord([event])), {
        reason: reason.slice(0, MAX_REASON_CHARS),
        group,
        rejectedAtUs,
      }),
    );
    if (records.length > 0) await this.#appender.append(records, records.length);
  }

  async settle(ids: readonly string[]): Promise<void> {
    const records: OutRecord[] = [];
    for (let i = 0; i < ids.length; i += IDS_PER_RECORD) {
      const some = ids.slice(i, i + IDS_PER_RECORD);
      records.push(this.#record(Buffer.from(JSON.stringify(some)), { settles: String(some.length) }));
    }
    if (records.length > 0) await this.#appender.append(records, records.length);
  }

  #record(value: Buffer, headers: IHeaders): OutRecord {
    return { topic: this.#name, partition: PARTITION, value, headers };
  }

  /** Reads the topic twice: which letters are settled is known at its end only. */
  async *list(): AsyncIterable<DeadLetter> {
    const end = (await this.#view.offsets(this.#name, 'end'))[PARTITION]!;
    const settled = new Set<string>();
    for await (const message of this.#read(end)) for (const id of settledBy(message)) settled.add(id);
    for await (const message of this.#read(end)) {
      const letter = this.#toLetter(message);
      if (letter !== undefined && !settled.has(letter.id)) yield letter;
    }
  }

  async *#read(end: bigint): AsyncIterable<RawMessage> {
    let next = (await this.#view.offsets(this.#name, 'start'))[PARTITION]!;
    while (next < end) {
      const messages = await this.#view.fetch(this.#name, PARTITION, next, FETCH_BYTES);
      for (const message of messages) {
        if (BigInt(message.offset) >= end) return;
        yield message;
      }
      const last = messages.at(-1);
      // Retention may have taken what was there.
      const start = (await this.#view.offsets(this.#name, 'start'))[PARTITION]!;
      next = last === undefined ? (start > next ? start : next) : BigInt(last.offset) + 1n;
    }
  }

  #toLetter({ offset, value, headers }: RawMessage): DeadLetter | undefined {
    if (value === null || headers?.['settles'] !== undefined) return undefined;
    const { events, undecodable } = decodeRecord(value);
    const event = events[0] ?? undecodable[0]?.event;
    if (event === undefined) return undefined;
    return {
      id: `${PARTITION}-${offset}`,
      topic: this.#topic,
      group: text(headers?.['group']),
      reason: text(headers?.['reason']),
      rejectedAtUs: Number(text(headers?.['rejectedAtUs'])),
      event,
    };
  }
}

function settledBy({ value, headers }: RawMessage): readonly string[] {
  if (value === null || headers?.['settles'] === undefined) return [];
  const ids: unknown = JSON.parse(value.toString());
  return Array.isArray(ids) ? ids.map(String) : [];
}

function text(header: IHeaders[string]): string {
  const one = Array.isArray(header) ? header[0] : header;
  return one === undefined ? '' : one.toString();
}
