import { describe, expect, it } from '@jest/globals';
import type { Lag } from '@weft/event-log';
import { createMetrics } from '@weft/runtime';
import { createWriterMetrics } from './writer-metrics.ts';

async function lagLines(lag: () => Promise<Lag>): Promise<string[]> {
  const metrics = createMetrics('', { processMetrics: false });
  createWriterMetrics(metrics, lag);
  const { body } = await metrics.render();
  return body.split('\n').filter((line) => line.startsWith('writer_lag'));
}

describe('lag', () => {
  it('is read once for a scrape, by partition and in all', async () => {
    let looks = 0;
    const lag = async () => {
      looks++;
      return { events: 5, bytes: undefined, oldestMs: 1500, partitions: [2, 0, 3] };
    };
    expect(await lagLines(lag)).toEqual([
      'writer_lag_events 5',
      'writer_lag_seconds 1.5',
      'writer_lag_records{partition="0"} 2',
      'writer_lag_records{partition="1"} 0',
      'writer_lag_records{partition="2"} 3',
    ]);
    expect(looks).toBe(1);
  });

  it.each<[string, () => Promise<Lag>]>([
    ['refuses', () => Promise.reject(new Error('away'))],
    ['does not answer', () => new Promise(() => undefined)],
  ])('is not known, and not 0, while the log %s', async (_, lag) => {
    expect(await lagLines(lag)).toEqual(['writer_lag_events Nan', 'writer_lag_seconds Nan']);
  });
});
