import { describe, expect, it } from '@jest/globals';
import { hasScoreMark } from './score-mark.ts';

describe('hasScoreMark', () => {
  it.each<[string, boolean]>([
    ['{"weft":{"score":{"call_ref":"weave:///e/p/call/1","monitor_ref":null}}}', true],
    ['{"weave":{"client_version":"1"}, "weft" : {"other":1,"score":{}}}', true],
    ['{}', false],
    ['', false],
    ['{"weave":{"client_version":"1"}}', false],
    ['{"weft":null}', false],
    ['{"weft":{"score":null}}', false],
    ['{"weft":{"score":"yes"}}', false],
    ['{"weft":"score"}', false],
    ['{"note":"\\"weft\\"","weft2":{"score":{}}}', false],
    ['{"inner":{"weft":{"score":{}}}}', false],
    ['{"a":["weft",{"score":{}}]}', false],
    ['{"weft":{"score":{}}', false],
    ['["weft"]', false],
  ])('%s: %s', (attributes, expected) => {
    expect(hasScoreMark(Buffer.from(attributes))).toBe(expected);
    expect(hasScoreMark(new Uint8Array(Buffer.from(attributes)))).toBe(expected);
  });
});
