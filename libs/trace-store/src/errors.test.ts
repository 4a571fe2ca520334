import { ClickHouseError } from '@clickhouse/client';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { blamedRow, classify, toAppError, type ErrorClass } from './errors.ts';

const error = (code: number, message = 'text') =>
  new ClickHouseError({ code: String(code), type: 'X', message });

describe('classify', () => {
  it.each<[number, string, ErrorClass]>([
    [159, 'Timeout exceeded', 'transient'],
    [202, 'Too many simultaneous queries', 'transient'],
    [210, 'network', 'transient'],
    [242, 'read only table', 'transient'],
    [243, 'no space', 'transient'],
    [319, 'unknown status of insert', 'transient'],
    [999, 'keeper', 'transient'],
    [4242, 'never seen', 'unknown'],
    [395, 'the insert came too late', 'transient'],
    [241, 'User memory limit exceeded', 'transient'],
    [62, 'syntax', 'setup'],
    [252, 'Too many parts (300)', 'transient'],
    [252, 'Too many partitions for single INSERT block (more than 100)', 'shape'],
    [241, 'Memory limit (for query) exceeded', 'shape'],
    [241, 'Memory limit (total) exceeded', 'transient'],
    [27, 'cannot parse (at row 3)', 'row'],
    [53, 'type mismatch', 'row'],
    [691, 'unknown element of enum', 'row'],
    [60, 'no such table', 'setup'],
    [16, 'no such column', 'setup'],
    [516, 'authentication failed', 'setup'],
    [164, 'readonly', 'setup'],
  ])('an insert that fails with %d "%s" is %s', (code, message, expected) => {
    expect(classify(error(code, message), 'writing')).toBe(expected);
  });

  it('takes errors of the connection for transient', () => {
    expect(classify(new Error('ECONNRESET'), 'writing')).toBe('transient');
  });

  it('tells a slow read from a store that is away', () => {
    expect(toAppError(error(159), 'reading', 'x').code).toBe('query_timeout');
    expect(toAppError(error(241, 'Query memory limit exceeded'), 'reading', 'x').code).toBe(
      'query_too_expensive',
    );
    expect(toAppError(error(241, '(total) memory limit exceeded'), 'reading', 'x').code).toBe(
      'store_unavailable',
    );
    expect(toAppError(error(60), 'reading', 'x').code).toBe('store_unavailable');
    const own = new AppError('not_found', 'y');
    expect(toAppError(own, 'reading', 'x')).toBe(own);
  });

  it('counts the blamed row from 0', () => {
    expect(blamedRow(error(27, 'bad value: (at row 3)'))).toBe(2);
    expect(blamedRow(error(27))).toBeUndefined();
  });
});
