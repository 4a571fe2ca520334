import { jsonText, member } from '../../ui/json-tree/json-value.ts';

/** How a question is asked. */
export type Field =
  | { readonly kind: 'boolean' }
  | {
      readonly kind: 'number';
      readonly isInteger: boolean;
      readonly min: number | undefined;
      readonly max: number | undefined;
    }
  | { readonly kind: 'choice'; readonly options: readonly Option[] }
  | { readonly kind: 'text'; readonly maxLength: number | undefined }
  /** No form is known for it: the answer is written as JSON. */
  | { readonly kind: 'json' };

interface Option {
  readonly text: string;
  readonly value: unknown;
}

const MAX_OPTIONS = 200;

/** Of a JSON schema. */
export function fieldOf(schema: unknown): Field {
  const number = (name: string) => {
    const found = member(schema, name);
    return typeof found === 'number' ? found : undefined;
  };
  const options = member(schema, 'enum');
  if (Array.isArray(options))
    return {
      kind: 'choice',
      options: options.slice(0, MAX_OPTIONS).map((value: unknown) => ({ text: jsonText(value), value })),
    };
  switch (typeOf(schema)) {
    case 'boolean':
      return { kind: 'boolean' };
    case 'integer':
    case 'number':
      return {
        kind: 'number',
        isInteger: typeOf(schema) === 'integer',
        min: number('minimum'),
        max: number('maximum'),
      };
    case 'string':
      return { kind: 'text', maxLength: number('maxLength') };
    default:
      return { kind: 'json' };
  }
}

/** `["string", "null"]` is a string that may be left out. */
function typeOf(schema: unknown): unknown {
  const type = member(schema, 'type');
  return Array.isArray(type) ? (type as unknown[]).find((each) => each !== 'null') : type;
}

/** The value of what was typed; undefined where it is none. Whether it fits the schema is the server's to say. */
export function readAnswer(field: Field, text: string): unknown {
  const typed = text.trim();
  if (typed === '') return undefined;
  switch (field.kind) {
    case 'boolean':
      return typed === 'true' ? true : typed === 'false' ? false : undefined;
    case 'number': {
      const value = Number(typed);
      return Number.isFinite(value) ? value : undefined;
    }
    case 'choice':
      return field.options[Number(typed)]?.value;
    case 'text':
      return text;
    case 'json':
      return readJson(typed);
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
