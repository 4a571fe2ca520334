import type { ToolDefinition } from './chat.ts';
import { bounded, fields, filled, isFields, list, member, text, unquoted, type Fields } from './json.ts';

/** Wrappers in wrappers; no library goes deeper. */
const MAX_WRAPPERS = 8;

/** Tools that a model may call, as every library lists them. */
export function readTools(sent: unknown, depth = 0): ToolDefinition[] {
  const value = unquoted(sent);
  if (depth > MAX_WRAPPERS) return [];
  if (Array.isArray(value)) return (value as unknown[]).flatMap((tool) => readTool(tool, depth));
  // `{name: {description, parameters}}`
  if (!isFields(value)) return [];
  const own = list(value, 'tools');
  if (own !== undefined) return readTools(own, depth + 1);
  return Object.entries(value).flatMap(([name, tool]) =>
    isFields(tool) ? [definition(filled(tool, 'name') ?? name, tool)] : [],
  );
}

function readTool(sent: unknown, depth: number): ToolDefinition[] {
  const tool = unquoted(sent);
  if (depth > MAX_WRAPPERS) return [];
  if (typeof tool === 'string') return [{ name: tool, type: 'function' }];
  if (!isFields(tool)) return [];
  const declared = list(tool, 'functionDeclarations', 'function_declarations');
  if (declared !== undefined) return declared.flatMap((each) => readTool(each, depth + 1));
  const wrapped = member(tool, 'tool', 'toolSpec', 'tool_spec');
  const schema = member(tool, 'json_schema', 'tool.json_schema');
  if (filled(tool, 'name') === undefined && (wrapped ?? schema) !== undefined) return readTool(wrapped ?? schema, depth + 1);
  const inner = fields(tool, 'function', 'custom') ?? tool;
  const type = filled(tool, 'type') ?? onlyName(tool) ?? 'function';
  return [definition(filled(inner, 'name') ?? filled(tool, 'name') ?? type, inner, type)];
} // prettier-ignore

/** Gemini's own tools: `{googleSearch: {}}`. */
function onlyName(tool: Fields): string | undefined {
  const names = Object.keys(tool);
  return names.length === 1 && isFields(tool[names[0]!]) ? names[0] : undefined;
}

function definition(name: string, tool: Fields, type = 'function'): ToolDefinition {
  const description = text(tool, 'description');
  const sent = unquoted(
    member(tool, 'parameters', 'inputSchema', 'input_schema', 'parametersJsonSchema', 'parameters_json_schema', 'parameter_definitions', 'args_schema'),
  ); // prettier-ignore
  const parameters = isFields(sent) ? (fields(sent, 'json', 'jsonSchema') ?? sent) : sent;
  return {
    name,
    type,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters: bounded(parameters) }),
  };
}
