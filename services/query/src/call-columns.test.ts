import { expect, it } from '@jest/globals';
import { toColumns } from './call-columns.ts';

it.each(['summary', 'summary.weave.status', 'summary_dump'])('%s brings what it is made of', (column) => {
  const made = ['summary', 'ended_at', 'exception', 'display_name'];
  expect([...toColumns(['id', column])]).toEqual(expect.arrayContaining(made));
});

it('takes payloads by the names they are stored under', () => {
  expect(toColumns(['output_dump', 'inputs_dump'])).toEqual(toColumns(['output', 'inputs']));
  expect(() => toColumns(['id_dump'])).toThrow('columns[0]: a call has no field "id_dump"');
});
