import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, envBoolean, envInt, envSecret, envString, loadConfig, Secret } from './config.ts';

const schema = z.object({
  HOST: envString({ default: '127.0.0.1' }),
  TOPIC: envString().optional(),
  PORT: envInt({ default: 6345, max: 65535 }),
  ENABLED: envBoolean(false),
  PASS: envSecret().optional(),
});

function failure(env: Record<string, string>, of: z.ZodObject = schema): ConfigError {
  try {
    loadConfig(of, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('loadConfig', () => {
  it('uses the defaults when nothing is set, and an empty string counts as nothing', () => {
    const defaults = { HOST: '127.0.0.1', PORT: 6345, ENABLED: false };
    expect(loadConfig(schema, {})).toEqual(defaults);
    expect(loadConfig(schema, { HOST: '', TOPIC: '', PORT: '', ENABLED: '', PASS: '' })).toEqual(defaults);
  });

  it('reads what is set and ignores other variables', () => {
    const config = loadConfig(schema, {
      HOST: 'h',
      TOPIC: 't',
      PORT: '1',
      ENABLED: 'TRUE',
      PASS: 'p',
      OTHER: 'x',
    });
    expect(config).toEqual({ HOST: 'h', TOPIC: 't', PORT: 1, ENABLED: true, PASS: new Secret('p') });
    expect(config.PASS?.reveal()).toBe('p');
  });

  it('keeps an explicit zero', () => {
    expect(loadConfig(schema, { PORT: '0' }).PORT).toBe(0);
  });

  it.each(['abc', '1.5', '1e3', '0x10', '-1', '65536', '12 34', 'NaN'])('refuses the integer %p', (PORT) => {
    expect(failure({ PORT }).message).toContain('PORT: must be an integer from 0 to 65535');
  });

  it.each(['1', '0', 'yes', 'no', 'on', 'truee', ' '])('refuses the boolean %p', (ENABLED) => {
    expect(failure({ ENABLED }).variables).toEqual(['ENABLED']);
  });

  it('names every wrong variable at once, and quotes no value', () => {
    const error = failure({ PORT: 'hunter2', ENABLED: 'hunter2' });
    expect(error.variables).toEqual(['PORT', 'ENABLED']);
    expect(inspect(error)).not.toContain('hunter2');
  });

  it('says so when a required variable is missing', () => {
    expect(failure({ NEEDED: '' }, z.object({ NEEDED: envString() })).message).toContain(
      'NEEDED: is required and not set',
    );
  });
});

describe('Secret', () => {
  it('does not print', () => {
    const secret = new Secret('hunter2');
    expect(
      `${secret} ${JSON.stringify({ secret })} ${inspect({ secret }, { showHidden: true })}`,
    ).not.toContain('hunter2');
  });
});
