import { describe, expect, it } from '@jest/globals';
import { Secret } from './config.ts';
import { createLogger, type LoggerOptions } from './logger.ts';

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    name: 'test',
    destination: { write: (line) => void lines.push(line) },
    ...options,
  });
  return { logger, lines };
}

describe('createLogger', () => {
  it('writes one JSON object per line, with level names', () => {
    const { logger, lines } = capture();
    logger.info({ rows: 3 }, 'inserted');
    logger.debug('not at this level');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', name: 'test', rows: 3, msg: 'inserted' });
  });

  it('redacts credentials at any of three levels, whoever logs them', () => {
    const { logger, lines } = capture();
    const headers = { authorization: 'Bearer hunter2', 'wandb-api-key': 'hunter2', host: 'seen' };
    logger.info(
      {
        key: 'hunter2',
        req: { headers },
        headers,
        secret: new Secret('hunter2'),
        pass: new Secret('hunter2'),
      },
      'x',
    );
    expect(lines[0]).toContain('seen');
    expect(lines[0]).not.toContain('hunter2');
  });

  it('writes an error with its causes, and nothing else that hangs on it', () => {
    const { logger, lines } = capture();
    const cause = Object.assign(new Error('refused'), {
      code: 'ECONNREFUSED',
      config: { password: 'hunter2' },
    });
    logger.error({ err: new Error('append failed', { cause }) }, 'request failed');
    const { err } = JSON.parse(lines[0]!) as {
      err: { message: string; cause: { message: string; code: string } };
    };
    expect(err).toMatchObject({
      message: 'append failed',
      cause: { message: 'refused', code: 'ECONNREFUSED' },
    });
    expect(lines[0]).not.toContain('hunter2');
  });

  it('ends on a circle of causes', () => {
    const { logger, lines } = capture();
    const err = new Error('round');
    err.cause = err;
    logger.error({ err }, 'x');
    expect(lines).toHaveLength(1);
  });

  it('writes short lines for people on request', () => {
    const { logger, lines } = capture({ pretty: true });
    logger.warn({ port: 6345, err: new Error('outer', { cause: new Error('inner') }) }, 'listening');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}test: listening port=6345\n {2}Error: outer/);
    expect(lines[0]).toContain('caused by: Error: inner');
  });
});
