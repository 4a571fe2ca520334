import { describe, expect, it } from '@jest/globals';
import { errorLine, errorText } from './exception.ts';

describe('an exception in one line', () => {
  it.each([
    ['{"type": "ValueError", "message": "no \\"way\\" back", "traceback": [{"filename": "a.py', 'ValueError: no "way" back'],
    ['{"type":"E","message":"\\u00e4"}', 'E: ä'],
    ['Traceback (most recent call last):\n  File "a.py", line 1\nKeyError: 1\n', 'KeyError: 1'],
    ['', ''],
  ])('of %j is %j', (text, line) => expect(errorLine(text)).toBe(line)); // prettier-ignore
});

describe('an exception as a text', () => {
  it('has its line first, and then the way there', () => {
    const place = { filename: 'a.py', line_number: 3, function_name: 'f', text: 'g()' };
    const error = JSON.stringify({ type: 'ValueError', message: 'no', traceback: [place, { ...place, line_number: 9, text: null }] });
    expect(errorText(error)).toBe('ValueError: no\n  a.py:3 in f\n    g()\n  a.py:9 in f');
  }); // prettier-ignore

  it.each(['KeyError: 1', '{"type":"E","message":"cut', '{"type":"E","message":1,"traceback":[]}', ''])('leaves %j as it is', (error) =>
    expect(errorText(error)).toBe(error)); // prettier-ignore
});
