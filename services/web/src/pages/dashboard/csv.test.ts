import { expect, it } from '@jest/globals';
import { toCsv } from './csv.ts';

it('quotes what has to be, and lets no spreadsheet run anything', () => {
  const rows = [
    ['model', 'cost'],
    ['a "b", c\nd', 0.25],
    ['=HYPERLINK("http://x")', -1],
    ['@x', 0],
  ];
  expect(toCsv(rows)).toBe(
    'model,cost\r\n"a ""b"", c\nd",0.25\r\n"\'=HYPERLINK(""http://x"")",-1\r\n\'@x,0\r\n',
  );
});
