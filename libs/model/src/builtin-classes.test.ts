import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { toBuiltinObject } from './builtin-classes.ts';
import { createDigests } from './digest.ts';

const digests = createDigests((data) => createHash('sha256').update(data).digest());
const make = (val: unknown, name: string) => toBuiltinObject(Buffer.from(JSON.stringify(val)), name);
const read = (val: unknown, name: string) =>
  JSON.parse(Buffer.from(make(val, name)).toString()) as Record<string, unknown>;

describe('builtin classes', () => {
  // Digests as W&B's server has them (weave 0.53.12).
  it.each<[string, unknown, string]>([
    ['TestOnlyNestedBaseObject', { b: 3 }, 'zg8WgbAC5GBqld3Ka5XMY8YpAQkEVoJDXePQqXgrA4E'],
    [
      'TestOnlyNestedBaseObject',
      { unknown: 1, b: 3, name: null },
      'zg8WgbAC5GBqld3Ka5XMY8YpAQkEVoJDXePQqXgrA4E',
    ],
    [
      'AnnotationSpec',
      { name: 'a', field_schema: { type: 'number', minimum: 1 } },
      'C8mQegn9fWNSBdHWICHMt5KLqXKD1pH3VGcLXjaYCm8',
    ],
    ['Provider', { base_url: 'http://x', api_key_name: 'K' }, 'KrolYCf9SlaDajcXjQ7KrsVbtV9GFYGL0UFPIcCShrI'],
    ['ProviderModel', { provider: 'p', max_tokens: 3 }, '4u6flyPrHXX9T3re8YEK01WetSybZkptypv7r4XeE9s'],
    [
      'LLMStructuredCompletionModel',
      { llm_model_id: 'gpt-4', default_params: { temperature: 0.5 } },
      't40r6Jov8XhA0jNsVCXzYCPY4t36gHyEHlXIqYxqY3A',
    ],
    ['AlertSpec', { name: 'x' }, 'TcAVJEyCiXY5LSQgvXcG2VXn65CceWV59EddqWGWUV4'],
  ])('%s of %j is what others make of it', (name, val, digest) => {
    expect(digests.json(make(val, name))).toBe(digest);
  });

  it('name every model inside', () => {
    const column = { evaluation_object_ref: 'r', scorer_name: 's', summary_metric_path: 'p', _type: 'Mine' };
    expect(read({ name: 'l', columns: [column, column] }, 'Leaderboard')).toEqual({
      _type: 'Leaderboard',
      name: 'l',
      description: null,
      columns: Array.from({ length: 2 }, () => ({
        ...column,
        _type: 'LeaderboardColumn',
        should_minimize: null,
        _class_name: 'LeaderboardColumn',
        _bases: ['BaseModel'],
      })),
      _class_name: 'Leaderboard',
      _bases: ['BaseObject', 'BaseModel'],
    });
    expect(read({ llm_model_id: 'x' }, 'LLMStructuredCompletionModel')).toMatchObject({
      default_params: { _class_name: 'LLMStructuredCompletionModelDefaultParams', temperature: null },
      _bases: ['Model', 'Object', 'BaseModel'],
    });
    const query = { $expr: { $eq: [{ $getField: 'a' }, { $literal: 1 }] } };
    const definition = { query, columns: [{ path: ['a', 0] }], pin: null };
    expect(read({ view_type: 't', label: 'l', definition }, 'SavedView')).toMatchObject({
      definition: {
        query,
        columns: [{ path: ['a', 0], label: null, _type: 'Column' }],
        pin: null,
        charts: null,
      },
    });
  });

  it('keep the bytes that were sent', () => {
    const val = '{"field_schema":{"maximum":1e400,"minimum":-0,"x":9007199254740993,"x":1.0}}';
    expect(Buffer.from(toBuiltinObject(Buffer.from(val), 'AnnotationSpec')).toString()).toContain(
      '"field_schema":{"maximum":1e400,"minimum":-0,"x":9007199254740993,"x":1.0}',
    );
    expect(read({ anything: [1] }, 'FunctionSpec')).toMatchObject({
      anything: [1],
      name: null,
      _type: 'FunctionSpec',
    });
  });

  it.each<[string, unknown, string]>([
    ['TestOnlyNestedBaseObject', {}, 'TestOnlyNestedBaseObject.b: is required'],
    ['TestOnlyNestedBaseObject', { b: null }, 'TestOnlyNestedBaseObject.b: is required'],
    ['TestOnlyNestedBaseObject', { b: 1.5 }, 'TestOnlyNestedBaseObject.b: must be of type integer'],
    ['Leaderboard', { columns: {} }, 'Leaderboard.columns: must be a list'],
    ['Leaderboard', { columns: [1] }, 'Leaderboard.columns[0]: must be an object'],
    [
      'Leaderboard',
      { columns: [{ evaluation_object_ref: 'r' }] },
      'Leaderboard.columns[0].scorer_name: is required',
    ],
    ['AnnotationSpec', { field_schema: null }, 'AnnotationSpec.field_schema: must be of type object'],
    ['AnnotationSpec', { name: 5 }, 'AnnotationSpec.name: must be of type string'],
    [
      'Provider',
      { base_url: 'x', api_key_name: 'k', extra_headers: { a: 1 } },
      'Provider.extra_headers.a: must be of type string',
    ],
    [
      'Provider',
      { base_url: 'x', api_key_name: 'k', return_type: 'other' },
      'Provider.return_type: must be one of openai',
    ],
    ['Nope', {}, 'unknown class "Nope"'],
    ['__proto__', {}, 'unknown class "__proto__"'],
    ['constructor', {}, 'unknown class "constructor"'],
  ])('%s of %j is refused', (name, val, reason) => {
    expect(() => make(val, name)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: `builtin_object_class: ${reason}` }),
    );
  });
});
