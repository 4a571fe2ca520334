import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { formatTemplate, TemplateError, variablesOf } from './format.ts';

interface Case {
  readonly template: string;
  readonly variables: Record<string, unknown>;
  readonly text?: string;
  readonly refused?: true;
}

const cases = JSON.parse(readFileSync(new URL('format.cases.json', import.meta.url), 'utf8')) as Case[];
const format = (template: string, variables: Record<string, unknown>, maxChars = 1000) =>
  formatTemplate(template, new Map(Object.entries(variables)), maxChars);

describe('str.format, as CPython 3.11 answers', () => {
  it.each(cases)('$template of $variables', ({ template, variables, text, refused }) => {
    if (refused) expect(() => format(template, variables)).toThrow(TemplateError);
    else expect(format(template, variables)).toBe(text);
  });
});

describe('beyond Python', () => {
  it('members of objects are found by their names, as those of objects that Weave made', () => {
    expect(format('{a.b.c} {a[b].c}', { a: { b: { c: 1 } } })).toBe('1 1');
    expect(() => format('{a.__class__}', { a: {} })).toThrow('there is no "__class__"');
    expect(() => format('{a.constructor}', { a: {} })).toThrow(TemplateError);
    expect(() => format('{constructor}', {})).toThrow(TemplateError);
  });

  it('a variable that is not there is named, with those that are', () => {
    expect(() => format('{question} {context}', { question: 1, output: 2 })).toThrow(
      "Prompt template variable 'context' not found. Available variables: output, question",
    );
    expect(() => format('{a[x]}', { a: { y: 1, z: 2 } })).toThrow('there is no "x" (there is y, z)');
  });

  it('is bounded', () => {
    expect(() => format('{a}{a}{a}', { a: 'x'.repeat(400) })).toThrow('more than 1000 characters');
    expect(() => format('{a:>999999999}', { a: 'x' })).toThrow(TemplateError);
    expect(() => format('{a:{a:{a}}}', { a: 1 })).toThrow('recursion');
  });

  it('tells what a template asks for', () => {
    expect([...variablesOf('{a} {{b}} {c[d]:{w}} {e.f!r}')]).toEqual(['a', 'c', 'w', 'e']);
    expect(() => variablesOf('{')).toThrow(TemplateError);
  });

  it('text in a value is never read as a template', () => {
    expect(format('{a}', { a: '{b} {{ }' })).toBe('{b} {{ }');
  });
});
