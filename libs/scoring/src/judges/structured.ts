import { z } from 'zod';
import { explain } from '../scorer-object.ts';
import type { Said } from './judge.ts';
import { parseVerdict, UnusableAnswer, withoutBlock } from './verdict-json.ts';

/** How a verdict is asked for: as the answer's format, or as the arguments of the one tool there is. */
export type Channel = 'json_schema' | 'json_object' | 'tool';

const TOOL = 'give_verdict';

/** Members of a request that let a model answer with a value of the schema and nothing else. */
export function structuredBy(schema: z.ZodType, name: string, channel: Channel): Readonly<Record<string, unknown>> {
  if (channel === 'json_object') return { response_format: { type: 'json_object' } };
  const { $schema: _, ...json } = z.toJSONSchema(schema) as Record<string, unknown>;
  if (channel === 'json_schema')
    return { response_format: { type: 'json_schema', json_schema: { name, strict: true, schema: json } } };
  const description = 'Gives the verdict.';
  return {
    tools: [{ type: 'function', function: { name: TOOL, description, parameters: json } }],
    tool_choice: { type: 'function', function: { name: TOOL } },
  };
} // prettier-ignore

/** The value that a model answered with, from where it was asked for. @throws UnusableAnswer */
export function readStructured<T>(said: Said, schema: z.ZodType<T>, channel: Channel): T {
  const parsed = schema.safeParse(parseVerdict(textIn(said, channel)));
  if (!parsed.success) throw new UnusableAnswer(`the verdict: ${explain(parsed.error)}`);
  return parsed.data;
}

function textIn(said: Said, channel: Channel): string {
  if (channel !== 'tool') return withoutBlock(said.content ?? '');
  const verdicts = said.toolArguments(TOOL);
  if (verdicts.length !== 1) throw new UnusableAnswer(`the model gave ${verdicts.length} verdicts`);
  return verdicts[0]!;
}
