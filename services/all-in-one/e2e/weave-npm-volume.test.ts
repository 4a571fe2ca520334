import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isNewest, NPM_SDKS, NPM_TIMEOUT_MS } from './npm.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type Stack } from './stack.ts';

/** npm `weave` with more than fits into one page, and with many requests at a time. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Volume {
  readonly sent: { readonly calls: number; readonly rows: number };
  readonly page: number;
  readonly all: readonly number[];
  readonly read: { readonly length: number; readonly sum: number; readonly lastRow: string };
  readonly published: readonly string[];
}

describe.each(NPM_SDKS)('npm %s', (sdk) => {
  it('reads all calls, all rows and one version of what is the same', async () => {
    const project = newProject('npm-volume');
    const { sent, page, all, read, published } = await runProgram<Volume>(stack, 'npm/volume.cjs', sdk, project);

    expect(page).toBe(1000);
    expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: sent.calls }, (_, i) => i));
    const count = await stack.post('/calls/query_stats', { project_id: project });
    expect(count).toMatchObject({ count: sent.calls });

    // 0.9 does not load the rows of what it reads: it counts the characters of their ref.
    if (isNewest(sdk)) expect(read).toMatchObject({ length: sent.rows, sum: (sent.rows * (sent.rows - 1)) / 2 });
    const last = sent.rows - 1;
    const { vals } = await stack.post<{ vals: unknown[] }>('/refs/read_batch', { refs: [read.lastRow] });
    expect(vals).toEqual([{ i: last, text: `row ${last} ☂`, even: false }]);

    const { objs } = await stack.post<{ objs: { digest: string; version_index: number; is_latest: number }[] }>('/objs/query', {
      project_id: project, filter: { object_ids: ['contended'] }, sort_by: [{ field: 'created_at', direction: 'asc' }],
    });
    expect(objs.map(({ digest }) => digest).sort()).toEqual([...new Set(published)].sort());
    expect(objs.map(({ version_index }) => version_index).sort()).toEqual([0, 1]);
    expect(objs.map(({ is_latest }) => is_latest).sort()).toEqual([0, 1]);
  }, NPM_TIMEOUT_MS);
}); // prettier-ignore
