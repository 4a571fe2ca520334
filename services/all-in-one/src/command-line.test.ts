import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { firstSteps, parseCommandLine, USAGE } from './command-line.ts';

describe('parseCommandLine', () => {
  it('has defaults and takes what is given', () => {
    expect(parseCommandLine([])).toEqual({ host: '127.0.0.1', port: 6345, dataDir: './.weft', help: false });
    expect(parseCommandLine(['--port', '0', '--host=::1', '--data-dir', 'd'])).toEqual({ host: '::1', port: 0, dataDir: 'd', help: false }); // prettier-ignore
    for (const flag of ['-h', '--help']) expect(parseCommandLine([flag]).help).toBe(true);
  });

  it.each([
    [['--port', 'x'], '--port: expected a number from 0 to 65535, got "x"'],
    [['--port', '65536'], '--port'],
    [['--host='], '--host'],
    [['--data-dir='], '--data-dir'],
    [['--prot', '1'], '--prot'],
    [['more'], 'more'],
  ])('refuses %j', (args, reason) => {
    expect(() => parseCommandLine(args)).toThrow(reason);
  });
});

it('scripts/up --help says the same, without installing anything', () => {
  const up = fileURLToPath(new URL('../../../scripts/up', import.meta.url));
  for (const flag of ['-h', '--help']) expect(execFileSync(up, [flag], { encoding: 'utf8' })).toBe(USAGE);
});

it('shows keys only where there are any', () => {
  expect(firstSteps('http://h', true)).toContain('WANDB_API_KEY=local');
  expect(firstSteps('http://h', false)).toContain('WANDB_API_KEY=<your key>');
});
