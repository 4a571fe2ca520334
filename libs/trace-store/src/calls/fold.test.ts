import { describe, expect, it } from '@jest/globals';
import type { CallPart } from '@weft/model';
import { mulberry32 } from '@weft/testkit';
import { completeOf, endOf, logOf, logsOf, renameOf, shuffled, startOf, T0 } from '../testing/store.ts';
import { fold, foldParts, foldVersions, rowVersion, versionsOf } from './fold.ts';
import { foldAllLogs, hasAll } from './logs.ts';
import { partVersion } from './version.ts';

function randomParts(random: () => number): CallPart[] {
  const pick = () => Math.floor(random() * 3);
  return Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
    const [at, salt] = [T0 + pick(), String(pick())];
    switch (Math.floor(random() * 5)) {
      case 0:
        return startOf('e/p', 'id', { startedAtUs: at, salt });
      case 1:
        return endOf('e/p', 'id', { endedAtUs: at, salt });
      case 2:
        return renameOf('e/p', 'id', salt, at);
      case 3:
        return logsOf(
          'e/p',
          't',
          'id',
          ...Array.from({ length: pick() }, () => logOf('inputs', String(pick()))),
        );
      default:
        return completeOf('e/p', 'id', { startedAtUs: at, salt }, { endedAtUs: at, salt });
    }
  });
}

describe('fold', () => {
  it('is a function of the set of parts: order, repetition and cuts change nothing', () => {
    const random = mulberry32(7);
    for (let round = 0; round < 5000; round++) {
      const parts = randomParts(random);
      const expected = foldParts(parts);
      expect(foldAllLogs(parts.map(({ logs = [] }) => logs))).toEqual(expected.logs ?? []);
      const again = shuffled([...parts, ...parts.filter(() => random() < 0.5)], random);
      const cut = Math.floor(random() * (again.length + 1));
      expect(fold(foldParts(again.slice(0, cut)), foldParts(again.slice(cut)))).toEqual(expected);
    }
  });

  it('makes the row version grow exactly when something is learnt', () => {
    const random = mulberry32(8);
    for (let round = 0; round < 2000; round++) {
      const [before, more] = [foldParts(randomParts(random)), foldParts(randomParts(random))];
      const after = fold(before, more);
      expect(foldVersions(versionsOf(before), versionsOf(more))).toEqual(versionsOf(after));
      expect(hasAll(versionsOf(before).logs, versionsOf(more).logs)).toBe(
        (before.logs ?? []).length === (after.logs ?? []).length,
      );
      const [v0, v1] = [rowVersion(versionsOf(before)), rowVersion(versionsOf(after))];
      if (v1 === v0) expect(after).toEqual(before);
      else expect(v1 > v0).toBe(true);
      expect(v1 < 1n << 128n).toBe(true);
    }
  });

  it('prefers the later event, then the complete one, then the content', () => {
    const bytes = Buffer.from('x');
    expect(partVersion(T0 + 1, false, 'a', bytes) > partVersion(T0, true, 'a', bytes)).toBe(true);
    expect(partVersion(T0, true, 'a', bytes) > partVersion(T0, false, 'a', Buffer.from('y'))).toBe(true);
    expect(partVersion(T0, false, 'a', bytes)).not.toBe(partVersion(T0, false, 'b', bytes));
    expect(partVersion(T0, false, 'a', bytes)).toBe(partVersion(T0, false, 'a', Buffer.from('x')));
  });
});
