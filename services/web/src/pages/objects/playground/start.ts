import { queryOptions } from '@tanstack/react-query';
import type { Call } from '../../../api/calls.ts';
import { membersOf, objectQuery } from '../../../api/objects.ts';
import { queryClient } from '../../../api/query-client.ts';
import { BigNumber, request } from '../../../api/request.ts';
import { readRef } from '../../../ui/ref-link.tsx';
import { draft, promptDrafts, toDraft, type Draft } from '../prompt/messages.ts';
import { chatDrafts, type ChatOfCall } from './chat-drafts.ts';
import type { Variant } from './variant.ts';

/** What the playground begins with. */
export interface Start {
  readonly drafts: readonly Draft[];
  readonly variant: Partial<Variant>;
  readonly variables: ReadonlyMap<string, string>;
  /** What is sent besides, such as tools. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Name of the prompt. */
  readonly name?: string;
  /** Where this is from. */
  readonly from?: string;
}

const NOTHING: Start = {
  drafts: [draft('system', ''), draft('user', '')],
  variant: {},
  variables: new Map(),
  extra: {},
};

/** @throws Error, ApiError where there is no such call or prompt. */
export function startQuery(
  projectId: string,
  { call, prompt }: { readonly call?: string; readonly prompt?: string },
) {
  return queryOptions({
    queryKey: ['playground', projectId, call ?? null, prompt ?? null],
    staleTime: Infinity,
    gcTime: 0,
    queryFn: () => {
      if (call !== undefined) return startOfCall(projectId, call);
      if (prompt !== undefined) return startOfPrompt(prompt);
      return NOTHING;
    },
  });
}

async function startOfPrompt(ref: string): Promise<Start> {
  const found = readRef(ref);
  if (found?.kind !== 'object')
    throw new Error('The address names no prompt: it must be the ref of an object.');
  const { entity, project, name, version } = found;
  const object = await queryClient.fetchQuery(objectQuery(`${entity}/${project}`, name, version));
  const prompt = promptDrafts(object.val);
  if (prompt === undefined) throw new Error(`${name} is no prompt: it has no content and no messages.`);
  return { ...NOTHING, drafts: prompt.drafts, name, from: ref };
}

/** Inputs that are sent again as they were. */
const KEPT = ['tools', 'tool_choice', 'response_format', 'stop', 'seed', 'presence_penalty', 'frequency_penalty', 'reasoning_effort']; // prettier-ignore

async function startOfCall(projectId: string, id: string): Promise<Start> {
  const body = { project_id: projectId, id, payload_limit_bytes: 8_000_000 };
  const { call } = await request<{ call: Call | null }>('/call/read', body);
  if (call === null) throw new Error(`There is no call ${id} in this project: it is deleted, or not stored.`);
  const inputs = membersOf(call.inputs);
  const sent = inputs.get('messages');
  const isChat = Array.isArray(sent) && sent.length > 0 && sent.every((each) => membersOf(each).has('role'));
  const chat = isChat ? undefined : await readChat(projectId, id);
  const drafts = isChat ? sent.map(toDraft) : chatDrafts(chat!);
  if (drafts.length === 0)
    throw new Error('No messages are known of this call: open one that asked a model.');
  const model = inputs.get('model') ?? chat?.model;
  const extra = KEPT.flatMap((name) => (inputs.get(name) == null ? [] : [[name, inputs.get(name)] as const]));
  const format = membersOf(inputs.get('response_format')).get('type');
  return {
    drafts,
    variant: {
      ...(typeof model === 'string' && { model }),
      temperature: numberText(inputs.get('temperature')),
      topP: numberText(inputs.get('top_p')),
      maxTokens: numberText(inputs.get('max_completion_tokens') ?? inputs.get('max_tokens')),
      isJson: format === 'json_object',
    },
    variables: new Map(
      [...membersOf(inputs.get('template_vars'))].map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
    extra: Object.fromEntries(extra.filter(([name]) => name !== 'response_format' || format !== 'json_object')),
    from: id,
  };
} // prettier-ignore

const readChat = (projectId: string, id: string) =>
  request<ChatOfCall>(
    `/weft/v1/chat?project_id=${encodeURIComponent(projectId)}&call_id=${encodeURIComponent(id)}`,
  );

const numberText = (value: unknown) =>
  typeof value === 'number' || value instanceof BigNumber ? String(value) : '';
