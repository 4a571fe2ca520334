import type { DeadLetter } from '@weft/event-log';
import { EVENT_KINDS } from '@weft/model';
import { createOpPlaceholders } from './spans-to-rows.ts';
import { RowBatch } from './to-rows.ts';

/** The group of letters that never were events: items of a batch that the gateway refused. */
const GATEWAY_GROUP = 'gateway';

/**
 * Why this version would refuse the letter's event again; undefined when it can make its rows. The store has the last word:
 * what it refuses (a row that is too large) shows only when it is tried.
 */
export function refusalOf({ event, group }: DeadLetter): string | undefined {
  if (group === GATEWAY_GROUP)
    return 'the gateway refused this item and told its sender: it has no place in the log. Correct it and send it again';
  if (!Object.hasOwn(EVENT_KINDS, event.kind))
    return `this version cannot read it (${event.kind}): replay it with the version that wrote it, or a later one`;
  const batch = new RowBatch(createOpPlaceholders());
  try {
    batch.add(event);
  } catch (error) {
    return `this version fails on it: ${(error as Error).message}`;
  }
  return batch.rejected[0]?.reason;
}
