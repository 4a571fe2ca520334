import { mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from '@jest/globals';

import { openOutputFile, rotateBelowWriter } from './output-file.ts';

const root = mkdtempSync(join(tmpdir(), 'output-file-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the output file', () => {
  it('starts anew at each open and keeps two older ones', () => {
    const dir = mkdtempSync(join(root, 'd-'));
    const path = join(dir, 'engine.log');
    for (const text of ['one', 'two', 'three', 'four']) {
      const file = openOutputFile(path);
      writeSync(file.fd, text);
      expect(file.tail()).toBe(text);
      file.close();
    }
    expect(readdirSync(dir).sort()).toEqual(['engine.log', 'engine.log.1', 'engine.log.2']);
    expect(readFileSync(`${path}.2`, 'utf8')).toBe('two');
  });

  it('is emptied below its writer when it has grown too large', () => {
    const path = join(mkdtempSync(join(root, 'd-')), 'engine.log');
    const file = openOutputFile(path);
    writeSync(file.fd, 'a'.repeat(100));
    rotateBelowWriter(path, 100);
    expect(readFileSync(path, 'utf8')).toHaveLength(100);
    rotateBelowWriter(path, 99);
    writeSync(file.fd, 'after');
    expect(readFileSync(path, 'utf8')).toBe('after');
    expect(readFileSync(`${path}.1`, 'utf8')).toHaveLength(100);
    file.close();
  });
});
