import { describe, expect, it } from '@jest/globals';
import { type AppError } from './errors.ts';
import { classifyObject, parseObjectName, withBuiltinClass } from './object.ts';

const classify = (value: unknown) => {
  const { kind, baseObjectClass, leafObjectClass } = classifyObject(
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  );
  return [kind, baseObjectClass, leafObjectClass];
};

describe('classifyObject', () => {
  it.each([
    [{ _type: 'CustomWeaveType', weave_type: { type: 'Op' } }, ['op', null, null]],
    [{ _type: 'Op' }, ['op', null, null]],
    [{ weave_type: { type: 'Op' } }, ['object', null, null]],
    [{ _type: 'CustomWeaveType', weave_type: { type: 'PIL.Image.Image' } }, ['object', null, null]],
    [{ _type: 'CustomWeaveType', weave_type: 'Op' }, ['object', null, null]],
    [{ _type: 5, weave_type: { type: 'Op' } }, ['object', null, null]],
    [{ _class_name: 'Dataset', _bases: ['Object', 'BaseModel'] }, ['object', 'Dataset', 'Dataset']],
    [{ _class_name: 'Mine', _bases: ['Model', 'Object', 'BaseModel'] }, ['object', 'Model', 'Mine']],
    [
      { _class_name: 'Mine', _bases: ['Mid', 'Model', 'BaseObject', 'BaseModel'] },
      ['object', 'Model', 'Mine'],
    ],
    [{ _class_name: 'Mine', _bases: ['Object'] }, ['object', null, null]],
    [{ _class_name: 'Mine', _bases: ['Other', 'BaseModel'] }, ['object', null, null]],
    [{ _class_name: 'Mine', _bases: [] }, ['object', null, null]],
    [{ _class_name: 'Mine', _bases: ['Object', 5, 'BaseModel'] }, ['object', null, null]],
    [{ _class_name: 'Mine', _bases: 'Object' }, ['object', null, null]],
    [{ _class_name: 5, _bases: ['Object', 'BaseModel'] }, ['object', null, null]],
    [{ _bases: ['Object', 'BaseModel'] }, ['object', null, null]],
    [{}, ['object', null, null]],
    [[], ['object', null, null]],
    ['null', ['object', null, null]],
    [' \n{"_type":"Op"} ', ['op', null, null]],
  ])('%j is %j', (value, expected) => expect(classify(value)).toEqual(expected));
});

describe('parseObjectName', () => {
  const code = (name: string) => {
    try {
      parseObjectName(name);
      return null;
    } catch (error) {
      return (error as AppError).status;
    }
  };
  it.each(['x', 'Evaluation.evaluate', 'a_b-c.1', '模型', 'é', 'x'.repeat(128)])('takes %j', (name) =>
    expect(code(name)).toBeNull(),
  );
  it.each(['', 'a b', 'a/b', 'a:b', 'a\n', '😀', 'a%20'])('answers 422 to %j', (name) =>
    expect(code(name)).toBe(422),
  );
  it('answers 400 to a long one', () => expect(code('x'.repeat(129))).toBe(400));
});

describe('withBuiltinClass', () => {
  const apply = (val: string, name: string) =>
    Buffer.from(withBuiltinClass(Buffer.from(val), name)).toString('utf8');
  it('leaves a value that names its class', () => {
    const val = '{"_class_name":"Leaderboard","_bases":["BaseObject","BaseModel"]}';
    expect(apply(val, 'Leaderboard')).toBe(val);
  });

  it.each([
    ['{}', 'Nope'],
    ['{}', '__proto__'],
    ['[]', 'Leaderboard'],
    ['{"_class_name":"SavedView"}', 'Leaderboard'],
    ['{"_bases":[]}', 'Leaderboard'],
  ])('refuses %s as %s', (val, name) => expect(() => apply(val, name)).toThrow('builtin_object_class'));
});
