import { describe, expect, it } from '@jest/globals';
import { errorLine } from './exception.ts';

describe('an exception in one line', () => {
  it.each([
    ['{"type": "ValueError", "message": "no \\"way\\" back", "traceback": [{"filename": "a.py', 'ValueError: no "way" back'],
    ['{"type":"E","message":"\\u00e4"}', 'E: ä'],
    ['Traceback (most recent call last):\n  File "a.py", line 1\nKeyError: 1\n', 'KeyError: 1'],
    ['', ''],
  ])('of %j is %j', (text, line) => expect(errorLine(text)).toBe(line)); // prettier-ignore
});
