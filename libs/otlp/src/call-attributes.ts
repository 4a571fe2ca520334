import type { FieldName } from './fields.ts';
import type { JsonWriter } from './json-writer.ts';
import { plain, type Selected, type Selector } from './select.ts';
import type { OtlpSpan } from './span.ts';
import { RawJson, Tree, writeLeaf, type Leaf, type OnText } from './tree.ts';

/** W&B's own fields: with none of them (and no content, no usage) a span shows all its attributes instead. */
const MAPPED = [
  'system',
  'kind',
  'model',
  'provider',
  'model_parameters',
  'operation_name',
  'response_id',
  'finish_reasons',
  'agent_name',
  'agent_id',
] as const satisfies readonly FieldName[];

const MORE = ['user_id', 'tags', 'metadata', 'time_to_first_token'] as const satisfies readonly FieldName[];
const TOOL = {
  name: 'tool_name',
  call_id: 'tool_call_id',
  type: 'tool_type',
  definitions: 'tool_definitions',
} as const;
const AGENT = { version: 'agent_version', description: 'agent_description' } as const;
const USAGE = [
  'input_tokens',
  'prompt_tokens',
  'output_tokens',
  'completion_tokens',
  'total_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
] as const satisfies readonly FieldName[];

export interface AttributesContext {
  /** Inputs or an output were found. */
  readonly hasContent: boolean;
  /** System instructions that came in an event. */
  readonly instructions: Leaf | undefined;
  /** Why the model stopped, as the answer in an event says it. */
  readonly finishReason: Leaf | undefined;
}

/** The call's `attributes`: what was recognised, under W&B's names, and the sender's own attributes over it. */
export function writeAttributes(
  out: JsonWriter,
  selector: Selector,
  span: OtlpSpan,
  context: AttributesContext,
): void {
  const custom = customOf(selector);
  const members = new Members(out, custom);
  const recognised =
    context.hasContent ||
    MAPPED.some((f) => selector.take(f) !== null) ||
    USAGE.some((f) => selector.take(f) !== null);
  out.raw('{');
  if (recognised) writeRecognised(members, selector, span, context);
  else writeAll(members, span);
  for (const [name, tree] of custom) {
    out.member(name);
    tree.write(out, true);
  }
  out.raw('}');
}

function writeRecognised(
  members: Members,
  selector: Selector,
  span: OtlpSpan,
  context: AttributesContext,
): void {
  for (const field of MAPPED) members.selected(field, selector.take(field));
  const reason = context.finishReason === undefined ? null : plain(context.finishReason);
  if (typeof reason === 'string' && reason !== '' && selector.take('finish_reasons') === null)
    members.leaf('finish_reasons', [reason]);
  const instructions = selector.take('system_instructions');
  if (instructions !== null) members.selected('system_instructions', instructions);
  else if (context.instructions !== undefined) members.leaf('system_instructions', context.instructions);
  members.group('tool', selector, TOOL);
  members.group('agent', selector, AGENT);
  for (const field of MORE) members.selected(field, selector.take(field));
  const errorType = selector.take('error_type');
  if (errorType !== null) members.selected('error_type', errorType);
  else {
    const thrown = span.events.findLast(({ name }) => name === 'exception')?.attributes.get('exception.type');
    if (typeof thrown === 'string' && thrown !== '') members.leaf('error_type', thrown);
  }
  const { name, version } = span.scope;
  if (name !== '') members.scope(name, version);
}

function writeAll(members: Members, span: OtlpSpan): void {
  const tree = new Tree();
  span.attributes.keys.forEach((key, i) => tree.insert(key, span.attributes.values[i]!));
  for (const [name, child] of tree.members() ?? []) members.tree(name, child);
}

/** `weave.attributes.*`, and `wandb.attributes` over them. */
function customOf(selector: Selector): Map<string, Tree> {
  const custom = new Map<string, Tree>();
  for (const field of ['weave_attributes', 'wandb_attributes'] as const) {
    const value = selector.take(field)?.value;
    if (value === undefined) continue;
    const tree = value instanceof Tree ? value : Tree.of(value);
    for (const [name, child] of tree.members() ?? []) custom.set(name, child);
  }
  return custom;
}

/** Members of the object being written, without those that the sender's own attributes replace. */
class Members {
  private readonly out: JsonWriter;
  private readonly replaced: ReadonlyMap<string, unknown>;

  constructor(out: JsonWriter, replaced: ReadonlyMap<string, unknown>) {
    this.out = out;
    this.replaced = replaced;
  }

  selected(name: string, selected: Selected | null): void {
    if (selected === null || this.replaced.has(name)) return;
    this.out.member(name);
    writeSelected(this.out, selected);
  }

  leaf(name: string, value: Leaf): void {
    if (this.replaced.has(name)) return;
    this.out.member(name);
    writeLeaf(this.out, value, true);
  }

  tree(name: string, tree: Tree): void {
    if (this.replaced.has(name)) return;
    this.out.member(name);
    tree.write(this.out, false);
  }

  group(name: string, selector: Selector, fields: Readonly<Record<string, FieldName>>): void {
    if (this.replaced.has(name)) return;
    const found = Object.entries(fields).filter(([, field]) => selector.take(field) !== null);
    if (found.length === 0) return;
    this.out.member(name);
    this.out.raw('{');
    for (const [member, field] of found) {
      this.out.member(member);
      writeSelected(this.out, selector.take(field)!);
    }
    this.out.raw('}');
  }

  scope(name: string, version: string): void {
    if (this.replaced.has('scope')) return;
    this.out.member('scope');
    this.out.raw('{"name":');
    this.out.string(name);
    if (version !== '') {
      this.out.raw(',"version":');
      this.out.string(version);
    }
    this.out.raw('}');
  }
}

/** Writes the value; tells `onText` of attributes whose text is in there as it was sent. */
export function writeSelected(out: JsonWriter, { value, encoded, index }: Selected, onText?: OnText): void {
  if (value instanceof Tree) value.write(out, true, onText);
  else if (value instanceof RawJson) out.json(value.bytes);
  else if (typeof value === 'string') {
    const from = out.mark();
    const written = out.jsonOrString(value, encoded);
    if (index >= 0) onText?.(index, from, out.mark(), written);
  } else writeLeaf(out, value, false);
}
