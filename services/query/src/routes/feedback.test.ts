import { describe, expect, it } from '@jest/globals';
import type { TraceReader } from '@weft/trace-store';
import { createClock } from '../clock.ts';
import { feedbackRoutes } from './feedback.ts';

const routes = new Map(
  feedbackRoutes({
    reader: {} as TraceReader,
    eventLog: { append: async () => {} },
    clock: createClock(),
  }).map((each) => [each.spec.path, each]),
);
const plain = { feedback_type: 'custom' };
const annotation = { feedback_type: 'wandb.annotation.grade' };

describe('feedback', () => {
  it.each([
    ['/feedback/create', plain, false],
    ['/feedback/create', annotation, true],
    ['/feedback/create', { ...plain, queue_id: 'q' }, true],
    ['/feedback/replace', plain, false],
    ['/feedback/replace', annotation, true],
    ['/feedback/batch/create', { batch: [plain, plain] }, false],
    ['/feedback/batch/create', { batch: [plain, annotation] }, true],
    ['/feedback/purge', {}, false],
    ['/feedback/query', {}, true],
  ])('%s %j waits for the store: %s', (path, request, expected) => {
    expect(routes.get(path)!.readsStore(request)).toBe(expected);
  });
});
