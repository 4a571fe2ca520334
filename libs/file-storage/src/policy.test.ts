import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { fileStorageEnv } from './env.ts';
import { createPolicy, rampOf } from './policy.ts';

const read = (env: NodeJS.ProcessEnv) => loadConfig(z.object(fileStorageEnv), env);
const taken = (env: NodeJS.ProcessEnv) => {
  const takes = createPolicy(read(env));
  return ['acme/shop', 'e/p', 'my-team/a'].filter(takes);
};

describe('rampOf', () => {
  // int(hashlib.md5(project_id.encode()).hexdigest(), 16) % 100
  it.each([
    ['acme/shop', 56],
    ['e/p', 73],
    ['my-team/a', 7],
    ['é/😀 x', 46],
  ])('puts %s where W&B puts it', (projectId, share) => {
    expect(rampOf(projectId)).toBe(share);
  });
});

describe('createPolicy', () => {
  it.each<[NodeJS.ProcessEnv, string[]]>([
    [{}, ['acme/shop', 'e/p', 'my-team/a']],
    [{ WF_FILE_STORAGE_PROJECT_RAMP_PCT: '0' }, []],
    [{ WF_FILE_STORAGE_PROJECT_RAMP_PCT: '7' }, []],
    [{ WF_FILE_STORAGE_PROJECT_RAMP_PCT: '8' }, ['my-team/a']],
    [{ WF_FILE_STORAGE_PROJECT_RAMP_PCT: '100' }, ['acme/shop', 'e/p', 'my-team/a']],
    [{ WF_FILE_STORAGE_PROJECT_ALLOW_LIST: '*' }, ['acme/shop', 'e/p', 'my-team/a']],
    [{ WF_FILE_STORAGE_PROJECT_ALLOW_LIST: ' e/p , x/y' }, ['e/p']],
    // Of acme/shop.
    [{ WF_FILE_STORAGE_PROJECT_ALLOW_LIST: 'YWNtZS9zaG9w' }, ['acme/shop']],
    [
      { WF_FILE_STORAGE_PROJECT_ALLOW_LIST: 'e/p', WF_FILE_STORAGE_PROJECT_RAMP_PCT: '8' },
      ['e/p', 'my-team/a'],
    ],
    [{ WF_FILE_STORAGE_PROJECT_ALLOW_LIST: 'e/p', WF_FILE_STORAGE_PROJECT_RAMP_PCT: '0' }, ['e/p']],
    // Nobody is listed.
    [{ WF_FILE_STORAGE_PROJECT_ALLOW_LIST: ',' }, []],
  ])('with %j takes %j', (env, projects) => {
    expect(taken(env)).toEqual(projects);
  });
});

describe('fileStorageEnv', () => {
  it.each([
    ['WF_FILE_STORAGE_PROJECT_RAMP_PCT', '101'],
    ['WF_FILE_STORAGE_PROJECT_RAMP_PCT', '5%'],
    ['WF_FILE_STORAGE_PROJECT_ALLOW_LIST', 'e/p;x/y'],
    ['WF_FILE_STORAGE_PROJECT_ALLOW_LIST', 'e/p/q'],
    ['WEFT_FILE_STORAGE_CLAIM_BYTES', '4095'],
    ['WEFT_FILE_STORAGE_TIMEOUT_MS', '0'],
  ])('refuses %s=%s, naming it', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(name);
  });

  it('has defaults', () => {
    expect(read({})).toEqual({
      WEFT_FILE_STORAGE_CLAIM_BYTES: 262_144,
      WEFT_FILE_STORAGE_TIMEOUT_MS: 10_000,
    });
  });
});
